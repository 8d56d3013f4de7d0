using Gateway.Connections;
using Gateway.Options;

namespace Gateway.Hosting;

/// <summary>
/// Run by the host when it is told to stop. Turns readiness red, then closes the connections with 1012 evenly over
/// <c>Drain:Duration</c>, so that their clients do not all come back to the other nodes at once.
/// </summary>
internal sealed partial class Drain(GatewayOptions options, Readiness readiness, ConnectionTable connections, TimeProvider time, ILogger<Drain> log) : IHostedLifecycleService
{
    /// <summary>How long clients are told to wait before they come back, at most; each gets its own share of it.</summary>
    private const int MaxRetryAfter = 5_000;

    /// <summary>For the last to take their close frames before what is left is aborted.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        readiness.StartDraining();
        if (connections.IsEmpty)
            return;
        LogStarted(log, connections.Count, options.DrainDuration);
        long start = time.GetTimestamp();
        try
        {
            await CloseEvenlyAsync(start, cancellationToken);
            while (!connections.IsEmpty && time.GetElapsedTime(start) < options.DrainDuration + LastWords)
                await Task.Delay(Step, time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The host's patience is over: Kestrel aborts what is left.
        }
        LogEnded(log, connections.Count);
    }

    private async Task CloseEvenlyAsync(long start, CancellationToken cancellation)
    {
        while (true)
        {
            var open = connections.All().Where(connection => !connection.IsClosing).ToList();
            var left = options.DrainDuration - time.GetElapsedTime(start);
            int due = left <= Step ? open.Count : (int)Math.Ceiling(open.Count * (Step / left));
            foreach (var connection in open.Take(due))
                connection.RequestClose(CloseRequest.Restarting(Random.Shared.Next(MaxRetryAfter)));
            if (due == open.Count && left <= Step)
                return;
            await Task.Delay(Step, time, cancellation);
        }
    }

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
