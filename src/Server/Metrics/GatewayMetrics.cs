using System.Diagnostics;
using System.Diagnostics.Metrics;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Options;

namespace Gateway.Server.Metrics;

/// <summary>
/// The <c>Gateway</c> meter: what the node does, counted by kind; every name is in docs/metrics.md. Safe for any thread. What is counted
/// for every message is only added up, and read when the meter is.
/// </summary>
internal sealed class GatewayMetrics : IDisposable
{
    public const string MeterName = "Gateway";

    /// <summary>Seconds. From a fan-out to a few subscribers to one that takes longer than a person notices.</summary>
    private static readonly InstrumentAdvice<double> Durations = new()
    {
        HistogramBucketBoundaries =
        [
            0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
        ],
    };

    private static readonly InstrumentAdvice<long> Sizes = new()
    {
        HistogramBucketBoundaries = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000],
    };

    /// <summary>Seconds. A client may be a phone on a train.</summary>
    private static readonly InstrumentAdvice<double> RoundTrips = new()
    {
        HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private readonly Meter _meter;
    private readonly UpDownCounter<long> _connections;
    private readonly Counter<long> _connects;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _disconnects;
    private readonly Counter<long> _errors;
    private readonly Counter<long> _slowConsumers;
    private readonly Counter<long> _overloads;
    private readonly Counter<long> _rateLimited;
    private readonly Counter<long> _cuts;
    private readonly Counter<long> _apiRequests;
    private readonly Histogram<double> _handshakes;
    private readonly Histogram<double> _pings;
    private readonly Histogram<double> _fanOutDuration;
    private readonly Histogram<long> _fanOutSize;
    private readonly StripedCounter _received = new();
    private readonly StripedCounter _receivedBytes = new();
    private readonly StripedCounter _sent = new();
    private readonly StripedCounter _sentBytes = new();
    private readonly StripedCounter _delivered = new();
    private readonly StripedCounter _deflated = new();
    private readonly StripedCounter _deflatedTo = new();
    private readonly StripedCounter _inflated = new();
    private readonly StripedCounter _inflatedTo = new();
    private readonly StripedCounter _saved = new();

    public GatewayMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(MeterName);
        _connections = _meter.CreateUpDownCounter<long>("gateway.connections", "{connection}", "Open connections, by transport.");
        _connects = _meter.CreateCounter<long>("gateway.connects", "{connection}", "Connections that were let in, by transport.");
        _refusals = _meter.CreateCounter<long>(
            "gateway.refusals", "{request}", "Upgrades and streams answered with an HTTP error, by status and reason.");
        _cuts = _meter.CreateCounter<long>("gateway.cuts", "{connection}", "Connections ended before they asked for anything, by reason.");
        _disconnects = _meter.CreateCounter<long>(
            "gateway.disconnects", "{connection}", "Connections that ended, by close code; 1006 without a close frame.");
        _errors = _meter.CreateCounter<long>("gateway.errors", "{error}", "Error messages sent to clients, by code.");
        _slowConsumers = _meter.CreateCounter<long>(
            "gateway.slow_consumers", "{action}", "Messages dropped, and connections closed, for not keeping up, by policy.");
        _overloads = _meter.CreateCounter<long>(
            "gateway.channels.overloads", "{message}", "Messages from other nodes that a channel's fan-out here was too busy to take.");
        _rateLimited = _meter.CreateCounter<long>(
            "gateway.rate_limited", "{message}", "Messages over the rate limit, by what was done: reject, delay, close.");
        _apiRequests = _meter.CreateCounter<long>(
            "gateway.api.requests", "{request}", "Requests of the HTTP API, by operation and status.");
        _handshakes = _meter.CreateHistogram(
            "gateway.handshake.duration", "s", "Time to decide over an upgrade or a stream once the request has come.", tags: null,
            Durations);
        _pings = _meter.CreateHistogram(
            "gateway.ping.round_trip", "s", "Time until a client of a WebSocket answered a ping.", tags: null, RoundTrips);
        _fanOutSize = _meter.CreateHistogram(
            "gateway.fanout.subscribers", "{subscriber}", "Subscribers a batch of a channel's messages was handed to.", tags: null, Sizes);
        _fanOutDuration = _meter.CreateHistogram(
            "gateway.fanout.duration", "s", "Time to hand a batch of a channel's messages to all its subscribers here.", tags: null,
            Durations);
        _meter.CreateObservableCounter("gateway.messages.received", () => _received.Value, "{message}", "Messages received from clients.");
        _meter.CreateObservableCounter(
            "gateway.messages.sent", () => _sent.Value, "{message}", "Messages and control frames handed to the sockets of clients.");
        _meter.CreateObservableCounter(
            "gateway.messages.delivered", () => _delivered.Value, "{message}", "Messages handed to subscribers' writers.");
        _meter.CreateObservableCounter(
            "gateway.network.received", () => _receivedBytes.Value, "By", "Bytes of frames received from clients.");
        _meter.CreateObservableCounter(
            "gateway.network.sent", () => _sentBytes.Value, "By", "Bytes of frames handed to the sockets of clients.");
        _meter.CreateObservableCounter(
            "gateway.network.saved", () => _saved.Value, "By", "Bytes that messages to clients would have had more uncompressed.");
        _meter.CreateObservableCounter(
            "gateway.deflate.input", () => _deflated.Value, "By", "Bytes of messages that were deflated, once for all subscribers.");
        _meter.CreateObservableCounter("gateway.deflate.output", () => _deflatedTo.Value, "By", "Bytes that these were deflated to.");
        _meter.CreateObservableCounter("gateway.inflate.input", () => _inflated.Value, "By", "Bytes of compressed messages from clients.");
        _meter.CreateObservableCounter("gateway.inflate.output", () => _inflatedTo.Value, "By", "Bytes that these were inflated to.");
    }

    public void Connected(TransportKind transport)
    {
        _connections.Add(1, LabelOf(transport));
        _connects.Add(1, LabelOf(transport));
    }

    /// <param name="transport">What it was connected by.</param>
    /// <param name="code">
    /// As the close frame says, and clients may say what they like: what the protocol does not know counts as <c>other</c>.
    /// </param>
    public void Disconnected(TransportKind transport, int code)
    {
        _connections.Add(-1, LabelOf(transport));
        bool isKnown = code == 1006 || Enum.IsDefined((CloseCode)code);
        _disconnects.Add(1, new KeyValuePair<string, object?>("code", isKnown ? code : "other"));
    }

    public void Refused(HandshakeRefusal refusal) =>
        _refusals.Add(1, new KeyValuePair<string, object?>("status", refusal.StatusCode), new KeyValuePair<string,
            object?>("reason", refusal.Reason));

    public void Aborted(AbortReason reason) => _cuts.Add(1, new KeyValuePair<string, object?>("reason", reason.Label()));

    /// <param name="start">When the request had come, by <see cref="Stopwatch"/>.</param>
    public void Handshaken(long start) => _handshakes.Record(Stopwatch.GetElapsedTime(start).TotalSeconds);

    public void Answered(TimeSpan ping) => _pings.Record(ping.TotalSeconds);

    public void Received() => _received.Add(1);

    public void ReceivedBytes(long bytes) => _receivedBytes.Add(bytes);

    public void Sent(int messages, int bytes)
    {
        _sent.Add(messages);
        _sentBytes.Add(bytes);
    }

    /// <summary>A message was deflated, for as many clients as take it.</summary>
    public void Deflated(int bytes, int to)
    {
        _deflated.Add(bytes);
        _deflatedTo.Add(to);
    }

    /// <summary>A message of a client's was inflated.</summary>
    public void Inflated(int bytes, int to)
    {
        _inflated.Add(bytes);
        _inflatedTo.Add(to);
    }

    /// <summary>So many bytes less were queued for clients than without compression.</summary>
    public void Saved(long bytes)
    {
        if (bytes > 0)
            _saved.Add(bytes);
    }

    /// <summary>One batch has gone to all who are to have it.</summary>
    public void FannedOut(int subscribers, int messages, TimeSpan time)
    {
        _delivered.Add((long)subscribers * messages);
        _fanOutSize.Record(subscribers);
        _fanOutDuration.Record(time.TotalSeconds);
    }

    public void Error(string code) => _errors.Add(1, new KeyValuePair<string, object?>("code", code));

    public void SlowConsumer(string policy, long count = 1) =>
        _slowConsumers.Add(count, new KeyValuePair<string, object?>("policy", policy));

    public void Overloaded() => _overloads.Add(1);

    public void RateLimited(RateAction action) => _rateLimited.Add(1, new KeyValuePair<string, object?>("action", action switch
    {
        RateAction.Reject => "reject",
        RateAction.Delay => "delay",
        _ => "close",
    }));

    public void ApiRequest(string operation, int status) =>
        _apiRequests.Add(1, new KeyValuePair<string, object?>("operation", operation), new KeyValuePair<string, object?>("status", status));

    /// <summary>Makes counters that alerts look at known as 0: who reads them sees the first event as a change.</summary>
    public void StartFromZero()
    {
        foreach (var transport in Enum.GetValues<TransportKind>())
        {
            _connections.Add(0, LabelOf(transport));
            _connects.Add(0, LabelOf(transport));
        }
        _overloads.Add(0);
        foreach (string policy in new[] { "disconnect", "drop-oldest", "latest" })
            SlowConsumer(policy, 0);
    }

    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> LabelOf(TransportKind transport) => new("transport", transport.Label());
}
