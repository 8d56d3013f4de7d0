namespace Gateway.Server.Clock;

/// <summary>Something the one clock visits.</summary>
internal interface ITickHandler
{
    /// <summary>Called by the clock, never by two threads at once; must not block.</summary>
    /// <param name="now">Milliseconds on <see cref="Clock.Now"/>.</param>
    void OnTick(long now);
}
