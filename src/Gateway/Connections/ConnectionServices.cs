using Gateway.Diagnostics;
using Gateway.Hosting;
using Gateway.Options;

namespace Gateway.Connections;

/// <summary>Immutable. What every connection of the node uses, kept by each as one reference.</summary>
internal sealed record ConnectionServices(
    GatewayOptions Options, ConnectionTable Connections, SendQueues Sends, Sweep Sweep, RateLimits Rates, Delays Delays, Readiness Readiness, GatewayMetrics Metrics,
    Audit Audit, ILogger<Connection> Log);
