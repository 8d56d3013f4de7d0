using System.Diagnostics.Metrics;
using Gateway.Server.Backplane;
using Gateway.Server.Backplane.Memory;
using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Metrics;

namespace Gateway.Server.Export;

/// <summary>
/// The part of the <c>Gateway</c> meter that is not counted but looked up when somebody asks: what the node holds. Safe for any thread.
/// </summary>
internal sealed class NodeMetrics
{
    public NodeMetrics(IMeterFactory factory, ConnectionTable connections, ChannelTable channels, IBackplane backplane)
    {
        var meter = factory.Create(GatewayMetrics.MeterName);
        meter.CreateObservableUpDownCounter(
            "gateway.channels", () => (long)channels.Count, "{channel}", "Channels with subscribers on this node.");
        meter.CreateObservableUpDownCounter(
            "gateway.subscriptions", () => channels.SubscriptionCount, "{subscription}", "Subscriptions on this node.");
        meter.CreateObservableUpDownCounter(
            "gateway.outbound.queued", () => connections.All().Sum(connection => connection.Writer.QueuedBytes), "By",
            "What waits to be sent to clients, as counted against Limits:OutboundBytes.");
        meter.CreateObservableGauge(
            "gateway.backplane.up", () => backplane.Problem is null ? 1L : 0L, unit: null, "Whether the backplane is in reach: 1 or 0.");
        if (backplane is MemoryBackplane memory)
            meter.CreateObservableUpDownCounter(
                "gateway.history", () => memory.HistoryBytes, "By", "What the in-memory backplane keeps of history.");
    }
}
