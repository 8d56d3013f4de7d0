using System.Diagnostics.Metrics;
using Gateway.Options;

namespace Gateway.Diagnostics;

/// <summary>Safe for any thread. The <c>Gateway</c> meter: what the node does, counted by kind. Costs next to nothing while nobody listens.</summary>
internal sealed class GatewayMetrics : IDisposable
{
    public const string MeterName = "Gateway";

    private readonly Meter _meter;
    private readonly UpDownCounter<long> _connections;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _disconnects;
    private readonly Counter<long> _received;
    private readonly Counter<long> _delivered;
    private readonly Counter<long> _errors;
    private readonly Counter<long> _slowConsumers;
    private readonly Counter<long> _overloads;
    private readonly Counter<long> _rateLimited;
    private readonly Counter<long> _cuts;

    public GatewayMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(MeterName);
        _connections = _meter.CreateUpDownCounter<long>("gateway.connections", "{connection}", "Open connections.");
        _refusals = _meter.CreateCounter<long>("gateway.refusals", "{request}", "Upgrades answered with an HTTP error, by status.");
        _cuts = _meter.CreateCounter<long>("gateway.cuts", "{connection}", "Connections ended before they asked for anything, by reason.");
        _disconnects = _meter.CreateCounter<long>("gateway.disconnects", "{connection}", "Connections that ended, by close code; 1006 without a close frame.");
        _received = _meter.CreateCounter<long>("gateway.messages.received", "{message}", "Messages received from clients.");
        _delivered = _meter.CreateCounter<long>("gateway.messages.delivered", "{message}", "Messages handed to subscribers' outboxes.");
        _errors = _meter.CreateCounter<long>("gateway.errors", "{error}", "Error messages sent to clients, by code.");
        _slowConsumers = _meter.CreateCounter<long>("gateway.slow_consumers", "{action}", "Messages dropped, and connections closed, for not keeping up, by policy.");
        _overloads = _meter.CreateCounter<long>("gateway.channels.overloads", "{message}", "Messages from other nodes that a channel's fan-out here was too busy to take.");
        _rateLimited = _meter.CreateCounter<long>("gateway.rate_limited", "{message}", "Messages over the rate limit, by what was done: reject, delay, close.");
    }

    public void Connected() => _connections.Add(1);

    public void Disconnected(int code)
    {
        _connections.Add(-1);
        _disconnects.Add(1, new KeyValuePair<string, object?>("code", code));
    }

    public void Refused(int status) => _refusals.Add(1, new KeyValuePair<string, object?>("status", status));

    public void Cut(CutReason reason) => _cuts.Add(1, new KeyValuePair<string, object?>("reason", reason switch
    {
        CutReason.HandshakeTimeout => "handshake_timeout",
        CutReason.NoProxyHeader => "no_proxy_header",
        _ => "open_files",
    }));

    public void Received() => _received.Add(1);

    public void Delivered(int messages) => _delivered.Add(messages);

    public void Error(string code) => _errors.Add(1, new KeyValuePair<string, object?>("code", code));

    public void SlowConsumer(string policy, long count = 1) => _slowConsumers.Add(count, new KeyValuePair<string, object?>("policy", policy));

    public void Overloaded() => _overloads.Add(1);

    public void RateLimited(RateAction action) => _rateLimited.Add(1, new KeyValuePair<string, object?>("action", action switch
    {
        RateAction.Reject => "reject",
        RateAction.Delay => "delay",
        _ => "close",
    }));

    public void Dispose() => _meter.Dispose();
}
