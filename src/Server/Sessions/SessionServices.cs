using Gateway.Server.Application.Hooks;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Clock;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Sessions;

/// <summary>Immutable. What every session of the node uses, kept by each as one reference; the hooks only where there are such.</summary>
internal sealed record SessionServices(
    GatewayOptions Options,
    Namespaces Namespaces,
    ChannelTable Channels,
    IBackplane Backplane,
    IAuthenticator Authenticator,
    GatewayClock Clock,
    GatewayMetrics Metrics,
    ILogger<ChannelSession> Log,
    HookCalls? HookCalls = null,
    HookEventQueue? HookEvents = null,
    OnlineUsers? OnlineUsers = null);
