namespace Gateway.Server.Listening.EventLoop;

/// <summary>The node's event loops. They run while a <see cref="LoopListener"/> does. Safe for any thread.</summary>
internal sealed class EventLoops(int count, ILoggerFactory logs)
{
    /// <summary>For connections whose sockets are closed to leave their channels, on a backplane that may be slow.</summary>
    private const long EndMilliseconds = 5_000;

    private const int StepMilliseconds = 10;

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

    /// <summary>Drops all connections that are left, and completes when their ends are over, or late.</summary>
    public async Task StopAsync()
    {
        foreach (var loop in _loops)
            loop.Dispose();
        await Task.WhenAll(_loops.Select(loop => loop.Ended)).ConfigureAwait(false);
        long start = Environment.TickCount64;
        while (_loops.Any(loop => loop.Running > 0) && Environment.TickCount64 - start < EndMilliseconds)
            await Task.Delay(StepMilliseconds).ConfigureAwait(false);
    }
}
