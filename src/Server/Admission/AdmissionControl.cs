using System.Net;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Application;
using Gateway.Server.Auth;
using Gateway.Server.Connections;
using Gateway.Server.Dialects.Echo;
using Gateway.Server.Dialects.Native;
using Gateway.Server.Health;
using Gateway.Server.Http;
using Gateway.Server.Options;
using Gateway.Server.Sessions;

namespace Gateway.Server.Admission;

/// <summary>Safe for any thread. Decides over requests: who gets in, with which subprotocol, to do what.</summary>
internal sealed class AdmissionControl(
    GatewayOptions options, Readiness readiness, HandshakeRates rates, ConnectionLimits limits, AllowedOrigins origins, IAuthenticator authenticator, SessionServices sessions)
{
    private const string EchoPath = "/echo";
    private const string Subprotocol = "gateway.v1.json";

    private static readonly UpgradeRefusal TooManyOfUser = UpgradeRefusal.TooManyRequests with { Reason = "user_connections" };

    /// <summary>The paths that are WebSockets, as they stand in a request.</summary>
    public static IReadOnlyList<byte[]> Paths(GatewayOptions options) => options.Echo ? ["/ws"u8.ToArray(), "/echo"u8.ToArray()] : ["/ws"u8.ToArray()];

    /// <summary>Lets the request in, or says why not.</summary>
    /// <param name="request">A request for one of <see cref="Paths"/>.</param>
    /// <param name="address">Where the client is.</param>
    /// <returns>One of the two.</returns>
    public ValueTask<(Admitted? Admitted, UpgradeRefusal? Refusal)> AdmitAsync(UpgradeRequest request, IPAddress address) =>
        AdmitAsync(request, address, UpgradeAsync);

    /// <summary>Lets a stream in, or says why not.</summary>
    /// <param name="request">An ordinary request, as far as it matters here.</param>
    /// <param name="address">Where the client is.</param>
    /// <param name="opening">What it asks for.</param>
    /// <returns>One of the two.</returns>
    public ValueTask<(Admitted? Admitted, UpgradeRefusal? Refusal)> AdmitAsync(UpgradeRequest request, IPAddress address, InitialSubscriptions opening) =>
        AdmitAsync(request, address, (request, lease) => StreamAsync(request, lease, opening));

    /// <summary>Who an ordinary request comes from. It can't say so later, so that a token it needs has to be there.</summary>
    public async ValueTask<SignIn> SignInAsync(UpgradeRequest request)
    {
        if (!origins.Allow(request.Origin))
            return SignIn.Refused(UpgradeRefusal.ForbiddenOrigin);
        var signIn = await authenticator.AuthenticateAsync(request);
        bool isNobody = signIn is { Identity: null, Refusal: null } && ReferenceEquals(authenticator.WithoutToken(connection: ""), Identity.Unauthenticated);
        return isNobody ? SignIn.Refused(UpgradeRefusal.TokenMissing) : signIn;
    }

    private async ValueTask<(Admitted? Admitted, UpgradeRefusal? Refusal)> AdmitAsync(
        UpgradeRequest request, IPAddress address, Func<UpgradeRequest, ConnectionLease, ValueTask<(Admitted? Admitted, UpgradeRefusal? Refusal)>> decide)
    {
        if (readiness.IsDraining)
            return (null, UpgradeRefusal.Unavailable with { Reason = "draining", RetryAfter = TimeSpan.FromSeconds(1) });
        if (!rates.TryTake(address, out var wait))
            return (null, UpgradeRefusal.TooManyRequests with { Reason = "handshake_rate", RetryAfter = wait });
        if (!origins.Allow(request.Origin))
            return (null, UpgradeRefusal.ForbiddenOrigin);
        if (limits.TryAcquire(address, out var refusal) is not { } lease)
            return (null, refusal);
        Admitted? admitted = null;
        try
        {
            (admitted, refusal) = await decide(request, lease);
            return (admitted, refusal);
        }
        finally
        {
            if (admitted is null)
                lease.Dispose();
        }
    }

    private async ValueTask<(Admitted? Admitted, UpgradeRefusal? Refusal)> UpgradeAsync(UpgradeRequest request, ConnectionLease lease)
    {
        if (options.Echo && request.Path == EchoPath)
            return (new Admitted(lease, null, static connection => new EchoHandler(connection)), null);
        string? subprotocol = request.Subprotocols.Contains(Subprotocol) ? Subprotocol : null;
        if (subprotocol is null && request.Subprotocols.Any(name => !name.StartsWith(HandshakeToken.SubprotocolPrefix, StringComparison.Ordinal)))
            return (null, UpgradeRefusal.UnknownSubprotocol);
        var signIn = await authenticator.AuthenticateAsync(request);
        if (signIn.Refusal is not null)
            return (null, signIn.Refusal);
        var identity = signIn.Identity ?? authenticator.WithoutToken(lease.Id);
        // Who has yet to sign in is counted when the name is known.
        bool isKnown = !ReferenceEquals(identity, Identity.Unauthenticated);
        if (isKnown && !await lease.IdentifyAsync(identity.User))
            return (null, TooManyOfUser);
        if (isKnown && await DenialAsync(identity, lease) is { } denial)
            return (null, denial);
        return (new Admitted(lease, subprotocol, Opener(identity)), null);
    }

    private async ValueTask<(Admitted? Admitted, UpgradeRefusal? Refusal)> StreamAsync(UpgradeRequest request, ConnectionLease lease, InitialSubscriptions opening)
    {
        var signIn = await SignInAsync(request);
        if (signIn.Refusal is not null)
            return (null, signIn.Refusal);
        var identity = signIn.Identity ?? authenticator.WithoutToken(lease.Id);
        if (!await lease.IdentifyAsync(identity.User))
            return (null, TooManyOfUser);
        lease.Transport = TransportKind.EventStream;
        opening = opening.For(identity);
        var refusal = opening.Refuse(identity, sessions.Namespaces, options.Limits.ChannelsPerConnection);
        refusal ??= await DenialAsync(identity, lease);
        return refusal is null ? (new Admitted(lease, null, Opener(identity, opening), opening), null) : (null, refusal);
    }

    /// <summary>Why the backend does not let somebody in; null where it does, or is not to be asked.</summary>
    private async ValueTask<UpgradeRefusal?> DenialAsync(Identity identity, ConnectionLease lease)
    {
        if (sessions.ApplicationFor(Interests.Connect) is not { } application)
            return null;
        var decision = await application.ConnectAsync(new Caller(lease.Id, identity.User, lease.Address), lease.Transport.Label());
        return decision.Denial is { } denial ? RefusalResponse.Of(denial) with { Reason = "application" } : null;
    }

    /// <summary>Apart from the request, which holds the token and would live as long as the connection.</summary>
    private Func<Connection, IMessageHandler> Opener(Identity identity, InitialSubscriptions? opening = null) => connection => new NativeDialect(connection, identity, sessions, opening);
}
