using Gateway.Server.Connections;
using Gateway.Server.Health;
using Gateway.Server.Options;

namespace Gateway.Server.Hosting;

/// <summary>
/// The orderly end of a node: turns readiness red, then closes the connections with 1012 evenly over <c>Drain:Duration</c>, so that their
/// clients do not all come back to the other nodes at once. Run by the host when it is about to stop. The end of that time is left for the
/// services that stop later, so that the process has ended within it.
/// </summary>
internal sealed partial class Drain(
    GatewayOptions options, Readiness readiness, ConnectionTable connections, TimeProvider time, ILoggerFactory logs)
    : IHostedLifecycleService
{
    /// <summary>The category that docs/operations.md promises.</summary>
    public const string LogCategory = "Gateway.Hosting.Drain";

    /// <summary>The longest wait that a client is asked for before it comes back; each is given a random part of it.</summary>
    private const int MaxRetryAfter = 5_000;

    /// <summary>For the last to take their close frames before what is left is aborted.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    /// <summary>The same where no time is set: longer than a client is given to answer its close frame.</summary>
    private static readonly TimeSpan LastWordsOfAll = TimeSpan.FromSeconds(3);

    /// <summary>For the rest of the node to stop: above all for Redis to hear who has left.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    private readonly ILogger _log = logs.CreateLogger(LogCategory);

    private readonly TimeSpan _closing =
        options.DrainDuration > LastWords + Rest ? options.DrainDuration - LastWords - Rest : TimeSpan.Zero;

    private readonly TimeSpan _lastWords = options.DrainDuration == TimeSpan.Zero ? LastWordsOfAll : LastWords;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        readiness.StartDraining();
        if (connections.IsEmpty)
            return;
        LogStarted(_log, connections.Count, options.DrainDuration);
        long start = time.GetTimestamp();
        try
        {
            await CloseEvenlyAsync(start, cancellationToken).ConfigureAwait(false);
            while (!connections.IsEmpty && time.GetElapsedTime(start) < _closing + _lastWords)
                await Task.Delay(Step, time, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The host waits no longer.
        }
        LogEnded(_log, connections.Count);
        foreach (var connection in connections.All())
            connection.Abort();
    }

    /// <summary>The first at once, the last when the time is over; earlier when nobody is left.</summary>
    private async Task CloseEvenlyAsync(long start, CancellationToken cancellation)
    {
        var open = connections.All().ToList();
        int closed = 0;
        while (closed < open.Count && !connections.IsEmpty)
        {
            for (int due = Due(open.Count, time.GetElapsedTime(start)); closed < due; closed++)
                Close(open[closed]);
            if (closed < open.Count)
                await Task.Delay(Step, time, cancellation).ConfigureAwait(false);
        }
        // The connections that were being admitted when the drain began.
        foreach (var connection in connections.All())
            Close(connection);
    }

    private int Due(int count, TimeSpan passed) =>
        passed >= _closing ? count : (int)Math.Ceiling(count * (passed / _closing));

    private static void Close(Connection connection) => connection.RequestClose(CloseRequest.Restarting(Random.Shared.Next(MaxRetryAfter)));

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(2, LogLevel.Information, "Draining {Count} connections over {Duration}.")]
    private static partial void LogStarted(ILogger log, int count, TimeSpan duration);

    [LoggerMessage(3, LogLevel.Information, "Drained; {Left} connections are left.")]
    private static partial void LogEnded(ILogger log, int left);
}
