namespace Gateway.Server.Clock;

/// <summary>Something the one clock visits.</summary>
internal interface ISwept
{
    /// <summary>Called by the sweep, never by two threads at once; must not block.</summary>
    /// <param name="now">Milliseconds on <see cref="Sweep.Now"/>.</param>
    void OnTick(long now);
}
