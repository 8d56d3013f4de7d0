using Gateway.Server.Backplane;
using Gateway.Server.Options;

namespace Gateway.Server.Application.Hooks;

/// <summary>
/// Brings the events to the backend: one request after the other, so that they come in order, each with what has gathered during the one
/// before. A request that fails is sent again, the same to the byte, until the backend takes it or its time is over. Run by the host.
/// </summary>
internal sealed class HookDelivery : IHostedService, IDisposable
{
    /// <summary>Events of one request: some 20 KB.</summary>
    private const int MaxEvents = 100;

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(0.5);

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>The time for events that are left when the node stops; the host waits longer than that.</summary>
    private static readonly TimeSpan LastTries = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LastWait = TimeSpan.FromMilliseconds(200);

    private readonly GatewayOptions _options;
    private readonly HookEventQueue _queue;
    private readonly HookMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly IOccupancy? _occupancy;
    private readonly HookClient _client;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _givingUp = new();
    private Task _running = Task.CompletedTask;
    private bool _isFailing;

    public HookDelivery(
        GatewayOptions options, HookEventQueue queue, HookMetrics metrics, TimeProvider time, ILoggerFactory logs,
        IOccupancy? occupancy = null)
    {
        (_options, _queue, _metrics, _time, _occupancy) = (options, queue, metrics, time, occupancy);
        _log = logs.CreateLogger(HookLog.DeliveryCategory);
        // A client of its own, so that events do not wait for a connection behind calls. The answer's body is not looked at.
        _client = new HookClient(options.Hooks, time, options.Hooks.DeliveryTimeout, connections: 1, answerBytes: 4096);
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _running = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <summary>Called by the host when the last connection has ended.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // The backplane's answer says which last changes are this node's to tell.
        await ((_occupancy?.LeaveAllAsync() ?? default).ConfigureAwait(false));
        _queue.Complete();
        await _stopping.CancelAsync().ConfigureAwait(false);
        using var patience = new CancellationTokenSource(LastTries, _time);
        using var over = patience.Token.UnsafeRegister(GiveUp, _givingUp);
        using var impatient = cancellationToken.UnsafeRegister(GiveUp, _givingUp);
        await _running.ConfigureAwait(false);
    }

    private static void GiveUp(object? givingUp) => ((CancellationTokenSource)givingUp!).Cancel();

    private async Task RunAsync()
    {
        int left = 0;
        var batch = new List<HookEvent>(MaxEvents);
        while (await _queue.WaitAsync().ConfigureAwait(false))
        {
            // The thread that added the event has other work to do.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            batch.Clear();
            _queue.Take(batch, MaxEvents);
            var dropped = await DeliverAsync(batch).ConfigureAwait(false);
            if (dropped is { } reason)
                _metrics.Dropped(reason, batch.Count);
            else
                _metrics.Delivered(batch.Count);
            // Another node tells the changes that are left when this one stops.
            if (dropped is not DropReason.Stopped)
                batch.ForEach(static one => one.Change?.Confirm());
            left += dropped is DropReason.Stopped ? batch.Count : 0;
        }
        if (left > 0)
            HookLog.Left(_log, left);
    }

    /// <returns>Why the events were given up; null when they were delivered.</returns>
    private async ValueTask<DropReason?> DeliverAsync(List<HookEvent> batch)
    {
        var body = HookBody.Events(_options.Node, batch, _queue.IdOf);
        string id = _queue.IdOf(batch[0]);
        long start = _time.GetTimestamp();
        for (var wait = FirstWait; !_givingUp.IsCancellationRequested; wait = wait * 2 < LongestWait ? wait * 2 : LongestWait)
        {
            string? problem = await _client.DeliverAsync(id, body, _givingUp.Token).ConfigureAwait(false);
            Note(problem);
            if (problem is null)
                return null;
            // The wait comes in any case: giving up one request is no reason to press on with the next.
            await WaitAsync(wait).ConfigureAwait(false);
            if (_time.GetElapsedTime(start) >= _options.Hooks.RetryFor)
            {
                HookLog.GaveUp(_log, batch.Count, _options.Hooks.RetryFor);
                return DropReason.Expired;
            }
        }
        return DropReason.Stopped;
    }

    private void Note(string? problem)
    {
        _metrics.Attempted(problem is null);
        if (problem is not null && !_isFailing)
            HookLog.NotTaken(_log, problem);
        else if (problem is null && _isFailing)
            HookLog.TakenAgain(_log);
        _isFailing = problem is not null;
    }

    /// <summary>Waits for a random part of the time, so that the nodes do not come all at once; briefly when the node stops.</summary>
    private async Task WaitAsync(TimeSpan time)
    {
        var waiting = _stopping.IsCancellationRequested
            ? Task.Delay(LastWait, _time, _givingUp.Token)
            : Task.Delay(time * (0.5 + (Random.Shared.NextDouble() / 2)), _time, _stopping.Token);
        await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        _client.Dispose();
        _stopping.Dispose();
        _givingUp.Dispose();
    }
}
