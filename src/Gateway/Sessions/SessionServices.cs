using Gateway.Auth;
using Gateway.Backplane;
using Gateway.Channels;
using Gateway.Diagnostics;
using Gateway.Hooks;
using Gateway.Hosting;
using Gateway.Options;

namespace Gateway.Sessions;

/// <summary>Immutable. What every session of the node uses, kept by each as one reference; the hooks only where there are such.</summary>
internal sealed record SessionServices(
    GatewayOptions Options,
    Namespaces Namespaces,
    ChannelTable Channels,
    IBackplane Backplane,
    IAuthenticator Authenticator,
    Sweep Sweep,
    GatewayMetrics Metrics,
    ILogger<Session> Log,
    HookCalls? HookCalls = null,
    HookEventQueue? HookEvents = null,
    OnlineUsers? OnlineUsers = null);
