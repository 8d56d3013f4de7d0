namespace Gateway.Server.Listening.EventLoop;

/// <summary>The node's event loops. They run while a <see cref="LoopListener"/> does. Safe for any thread.</summary>
internal sealed class EventLoops(int count, ILoggerFactory logs)
{
    /// <summary>For connections whose sockets are closed to leave their channels, on a backplane that may be slow.</summary>
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(5);

    private Loop[] _loops = [];

    /// <summary>The loops that run; none before there is something to listen to.</summary>
    public IReadOnlyList<Loop> All => Volatile.Read(ref _loops);

    public void Start()
    {
        var log = logs.CreateLogger(LoopLog.Category);
        Volatile.Write(ref _loops, [.. Enumerable.Range(0, count).Select(number => new Loop(number, log))]);
        foreach (var loop in _loops)
            loop.Start();
    }

    /// <summary>The loop that a new connection goes to: of those that have not failed, the one with the fewest.</summary>
    public Loop Choose()
    {
        var fewest = _loops[0];
        foreach (var loop in _loops)
        {
            if (!loop.HasFailed && (fewest.HasFailed || loop.Connections < fewest.Connections))
                fewest = loop;
        }
        return fewest;
    }

    /// <summary>Drops all connections that are left, and completes when their ends are over, or late.</summary>
    public async Task StopAsync()
    {
        foreach (var loop in _loops)
            loop.Dispose();
        var ended = Task.WhenAll(_loops.Select(loop => loop.Ended));
        try
        {
            await ended.WaitAsync(EndTime).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            foreach (var loop in _loops)
                loop.Abandon();
            await ended.ConfigureAwait(false);
        }
    }
}
