namespace Gateway.Server.Listening.EventLoop;

/// <summary>The node's event loops. They run while a <see cref="LoopListener"/> does. Safe for any thread.</summary>
internal sealed class EventLoops(int count, ILogger<EventLoops> log)
{
    private Loop[] _loops = [];

    /// <summary>The loops that run; none before there is something to listen to.</summary>
    public IReadOnlyList<Loop> All => Volatile.Read(ref _loops);

    public void Start()
    {
        Volatile.Write(ref _loops, [.. Enumerable.Range(0, count).Select(number => new Loop(number, log))]);
        foreach (var loop in _loops)
            loop.Start();
    }

    /// <summary>The loop that a new connection goes to: the one with the fewest.</summary>
    public Loop Choose()
    {
        var fewest = _loops[0];
        foreach (var loop in _loops)
        {
            if (loop.Connections < fewest.Connections)
                fewest = loop;
        }
        return fewest;
    }

    /// <summary>Drops all connections that are left, and completes when all threads have ended.</summary>
    public Task StopAsync()
    {
        foreach (var loop in _loops)
            loop.Dispose();
        return Task.WhenAll(_loops.Select(loop => loop.Ended));
    }
}
