using Gateway.Server.Application;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Clock;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Sessions;

/// <summary>What all sessions of the node share; each session holds one reference to it. Immutable.</summary>
/// <param name="Options">The node's settings.</param>
/// <param name="Namespaces">The namespaces, which give a channel its rules.</param>
/// <param name="Channels">The channels with subscribers on this node.</param>
/// <param name="Backplane">The backplane.</param>
/// <param name="Authenticator">Verifies tokens.</param>
/// <param name="Clock">The node's clock.</param>
/// <param name="Time">The time that requests have to wait and to be answered.</param>
/// <param name="Metrics">The node's counters.</param>
/// <param name="Log">The log of every session.</param>
/// <param name="Application">The application; null where none is configured.</param>
/// <param name="OnlineUsers">Counts users; null where nobody wants to know who is online.</param>
internal sealed record SessionServices(
    GatewayOptions Options,
    Namespaces Namespaces,
    ChannelTable Channels,
    IBackplane Backplane,
    IAuthenticator Authenticator,
    GatewayClock Clock,
    TimeProvider Time,
    GatewayMetrics Metrics,
    ILogger<ChannelSession> Log,
    IApplication? Application = null,
    OnlineUsers? OnlineUsers = null)
{
    private readonly Interests _interests = Application?.Interests ?? Interests.None;

    /// <summary>The application, if it wants to decide or hear of this; otherwise null.</summary>
    public IApplication? ApplicationFor(Interests interest) => (_interests & interest) != 0 ? Application : null;
}
