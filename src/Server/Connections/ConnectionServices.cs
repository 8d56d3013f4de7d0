using Gateway.Server.Audit;
using Gateway.Server.Clock;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Health;
using Gateway.Server.Metrics;
using Gateway.Server.Options;

namespace Gateway.Server.Connections;

/// <summary>What every connection of the node uses, kept by each as one reference. Immutable.</summary>
internal sealed record ConnectionServices(
    GatewayOptions Options, ConnectionTable Connections, SendSchedulers Sends, GatewayClock Clock, RateLimits Rates, Delays Delays,
    Readiness Readiness, GatewayMetrics Metrics,
    AuditLog Audit, ILogger<Connection> Log);
