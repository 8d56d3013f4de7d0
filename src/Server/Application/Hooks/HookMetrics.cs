using System.Diagnostics.Metrics;
using Gateway.Server.Metrics;
using Gateway.Server.Options;

namespace Gateway.Server.Application.Hooks;

/// <summary>The metrics of hook calls and events, on the <c>Gateway</c> meter. Safe for any thread.</summary>
internal sealed class HookMetrics
{
    private readonly Counter<long> _calls;
    private readonly Histogram<double> _duration;
    private readonly UpDownCounter<long> _open;
    private readonly Counter<long> _deliveries;
    private readonly Counter<long> _delivered;
    private readonly Counter<long> _dropped;
    private readonly UpDownCounter<long> _queued;

    public HookMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(GatewayMetrics.MeterName);
        _calls = meter.CreateCounter<long>("gateway.hooks.calls", "{call}", "What the backend was to be asked, by hook and result.");
        var buckets = new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
        };
        _duration = meter.CreateHistogram(
            "gateway.hooks.duration", "s", "Time until the backend's answer was there, or not waited for any more.", tags: null, buckets);
        _open = meter.CreateUpDownCounter<long>(
            "gateway.hooks.open", "{circuit}", "Hooks that the backend is not asked at the moment because it did not answer.");
        _deliveries = meter.CreateCounter<long>(
            "gateway.hooks.deliveries", "{request}", "Requests that brought the backend events, by result.");
        _delivered = meter.CreateCounter<long>("gateway.hooks.events.delivered", "{event}", "Events that the backend has taken.");
        _dropped = meter.CreateCounter<long>("gateway.hooks.events.dropped", "{event}", "Events that the backend will not get, by reason.");
        _queued = meter.CreateUpDownCounter<long>("gateway.hooks.events.queued", "{event}", "Events that the backend has yet to take.");
    }

    /// <summary>Reports 0 for the counters that alerts look at, so that the first event is seen as a change.</summary>
    public void StartFromZero()
    {
        foreach (string hook in HookNames.In(HookEvents.Requests))
        {
            foreach (var result in Enum.GetValues<CallResult>())
                Called(hook, result, 0);
            CircuitOpened(hook, 0);
        }
        foreach (bool accepted in new[] { true, false })
            Attempted(accepted, 0);
        foreach (var reason in Enum.GetValues<DropReason>())
            Dropped(reason, 0);
        _delivered.Add(0);
        _queued.Add(0);
    }

    public void Called(string hook, CallResult result, int count = 1) =>
        _calls.Add(count, new KeyValuePair<string, object?>("hook", hook), new KeyValuePair<string, object?>("result", result switch
        {
            CallResult.Allowed => "allowed",
            CallResult.Replaced => "replaced",
            CallResult.Denied => "denied",
            CallResult.Failed => "failed",
            _ => "skipped",
        }));

    public void Waited(TimeSpan time) => _duration.Record(time.TotalSeconds);

    /// <param name="hook">The hook's name.</param>
    /// <param name="change">1 when its circuit opened, -1 when it closed.</param>
    public void CircuitOpened(string hook, int change) => _open.Add(change, new KeyValuePair<string, object?>("hook", hook));

    public void Attempted(bool accepted, int count = 1) =>
        _deliveries.Add(count, new KeyValuePair<string, object?>("result", accepted ? "accepted" : "failed"));

    public void Queued() => _queued.Add(1);

    public void Delivered(int events)
    {
        _delivered.Add(events);
        _queued.Add(-events);
    }

    public void Dropped(DropReason reason, int events)
    {
        _dropped.Add(events, new KeyValuePair<string, object?>("reason", reason switch
        {
            DropReason.Overflow => "overflow",
            DropReason.Expired => "expired",
            _ => "stopped",
        }));
        _queued.Add(-events);
    }
}
