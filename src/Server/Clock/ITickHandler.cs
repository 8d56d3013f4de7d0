namespace Gateway.Server.Clock;

/// <summary>
/// Something with deadlines, visited by <see cref="GatewayClock"/> at every tick once it is registered as a tick handler.
/// </summary>
internal interface ITickHandler
{
    /// <summary>Looks at all deadlines. Called by one thread at a time; must not block.</summary>
    /// <param name="now">Milliseconds on the clock: <see cref="GatewayClock.Now"/>.</param>
    void OnTick(long now);
}
