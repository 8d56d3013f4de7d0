using System.Diagnostics.Metrics;
using Gateway.Server.Metrics;

namespace Gateway.Server.Backplane;

/// <summary>The instruments of the Redis backplane, on the <c>Gateway</c> meter. Safe for any thread.</summary>
internal sealed class BackplaneMetrics
{
    private static readonly InstrumentAdvice<double> RoundTripBuckets = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    };

    private readonly Counter<long> _publishes;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _gapsFound;
    private readonly Counter<long> _gapsFilled;
    private readonly Counter<long> _reconnects;
    private readonly Counter<long> _broken;
    private readonly Histogram<double> _roundTrip;
    private readonly UpDownCounter<long> _subscribed;
    private long _inFlight;

    public BackplaneMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(GatewayMetrics.MeterName);
        _publishes = meter.CreateCounter<long>("gateway.backplane.publishes", "{message}", "Messages Redis accepted.");
        _failures = meter.CreateCounter<long>(
            "gateway.backplane.failures", "{message}",
            "Messages Redis did not take, by outcome: refused, or unconfirmed where no answer came.");
        _gapsFound = meter.CreateCounter<long>("gateway.backplane.gaps.found", "{gap}", "Gaps found in channels with history.");
        _gapsFilled = meter.CreateCounter<long>("gateway.backplane.gaps.filled", "{gap}", "Gaps filled from the stream.");
        _reconnects = meter.CreateCounter<long>(
            "gateway.backplane.reconnects", "{connection}", "Connections to Redis made after the first.");
        _broken = meter.CreateCounter<long>(
            "gateway.backplane.broken_records", "{record}",
            "Records from Redis that could not be read and were dropped, by kind: message, history, presence, node.");
        _roundTrip = meter.CreateHistogram(
            "gateway.backplane.round_trip", "s", "Time until Redis answered a command.", tags: null, RoundTripBuckets);
        _subscribed = meter.CreateUpDownCounter<long>("gateway.backplane.channels", "{channel}", "Channels this node receives.");
        // Observable: a listener that starts during a call would see the end of the call only, and count below 0.
        meter.CreateObservableUpDownCounter(
            "gateway.backplane.in_flight", () => Volatile.Read(ref _inFlight), "{command}", "Commands not answered yet.");
    }

    /// <summary>Reports the counters that alerts use as 0, so that the first event is seen as a change.</summary>
    public void StartFromZero()
    {
        foreach (var counter in new[] { _publishes, _gapsFound, _gapsFilled, _reconnects })
            counter.Add(0);
        Published(0, PublishOutcome.Refused);
        Published(0, PublishOutcome.Unconfirmed);
        foreach (var kind in Enum.GetValues<RecordKind>())
            Broken(NameOf(kind), 0);
        _subscribed.Add(0);
    }

    public void Published(int messages, PublishOutcome outcome)
    {
        if (outcome == PublishOutcome.Accepted)
            _publishes.Add(messages);
        else
            _failures.Add(messages, new KeyValuePair<string, object?>("outcome", NameOf(outcome)));
    }

    public void GapFound() => _gapsFound.Add(1);

    public void GapFilled() => _gapsFilled.Add(1);

    /// <param name="kind">The name of a <see cref="RecordKind"/>.</param>
    /// <param name="records">The number of records.</param>
    public void Broken(string kind, int records) => _broken.Add(records, new KeyValuePair<string, object?>("kind", kind));

    private static string NameOf(PublishOutcome outcome) => outcome == PublishOutcome.Refused ? "refused" : "unconfirmed";

    public static string NameOf(RecordKind kind) => kind switch
    {
        RecordKind.Message => "message",
        RecordKind.History => "history",
        RecordKind.Presence => "presence",
        _ => "node",
    };

    public void Reconnected() => _reconnects.Add(1);

    public void RoundTrip(TimeSpan time) => _roundTrip.Record(time.TotalSeconds);

    public void Subscribed(int change) => _subscribed.Add(change);

    public void CallStarted() => Interlocked.Increment(ref _inFlight);

    public void CallEnded() => Interlocked.Decrement(ref _inFlight);
}
