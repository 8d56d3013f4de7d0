using Gateway.Auth;
using Gateway.Hosting;
using Gateway.Options;
using Gateway.Protocol.WebSockets;
using Gateway.Sessions;

namespace Gateway.Connections;

/// <summary>Safe for any thread. Decides over requests: who gets in, with which subprotocol, to do what.</summary>
internal sealed class Admission(GatewayOptions options, Readiness readiness, AllowedOrigins origins, IAuthenticator authenticator, SessionServices sessions)
{
    private const string EchoPath = "/echo";
    private const string Subprotocol = "gateway.v1.json";

    private static readonly UpgradeRefusal Draining = UpgradeRefusal.Unavailable with { RetryAfter = TimeSpan.FromSeconds(1) };

    /// <summary>The paths that are WebSockets, as they stand in a request.</summary>
    public static IReadOnlyList<byte[]> Paths(GatewayOptions options) => options.Echo ? ["/ws"u8.ToArray(), "/echo"u8.ToArray()] : ["/ws"u8.ToArray()];

    /// <summary>Lets the request in, or says why not.</summary>
    /// <param name="request">A request for one of <see cref="Paths"/>.</param>
    /// <returns>One of the two.</returns>
    public async ValueTask<(Admitted? Admitted, UpgradeRefusal? Refusal)> AdmitAsync(UpgradeRequest request)
    {
        if (readiness.IsDraining)
            return (null, Draining);
        if (!origins.Allow(request.Origin))
            return (null, UpgradeRefusal.ForbiddenOrigin);
        if (options.Echo && request.Path == EchoPath)
            return (new Admitted(null, static connection => new EchoHandler(connection)), null);
        string? subprotocol = request.Subprotocols.Contains(Subprotocol) ? Subprotocol : null;
        if (subprotocol is null && request.Subprotocols.Any(name => !name.StartsWith(HandshakeToken.SubprotocolPrefix, StringComparison.Ordinal)))
            return (null, UpgradeRefusal.UnknownSubprotocol);
        var signIn = await authenticator.AuthenticateAsync(request);
        return signIn.Refusal is { } refusal ? (null, refusal) : (new Admitted(subprotocol, Opener(signIn.Identity)), null);
    }

    /// <summary>Lets a stream in, or says why not.</summary>
    /// <param name="request">An ordinary request, as far as it matters here.</param>
    /// <param name="opening">What it asks for.</param>
    /// <returns>One of the two.</returns>
    public async ValueTask<(Admitted? Admitted, UpgradeRefusal? Refusal)> AdmitAsync(UpgradeRequest request, OpeningRequest opening)
    {
        if (readiness.IsDraining)
            return (null, Draining);
        var signIn = await SignInAsync(request);
        if (signIn.Refusal is not null)
            return (null, signIn.Refusal);
        var identity = signIn.Identity ?? authenticator.WithoutToken(connection: "");
        opening = opening.For(identity);
        var refusal = opening.Refuse(identity, sessions.Namespaces, options.Limits.ChannelsPerConnection);
        return refusal is null ? (new Admitted(null, Opener(signIn.Identity, opening), opening), null) : (null, refusal);
    }

    /// <summary>Who an ordinary request comes from. It can't say so later, so that a token it needs has to be there.</summary>
    public async ValueTask<SignIn> SignInAsync(UpgradeRequest request)
    {
        if (!origins.Allow(request.Origin))
            return SignIn.Refused(UpgradeRefusal.ForbiddenOrigin);
        var signIn = await authenticator.AuthenticateAsync(request);
        bool isNobody = signIn is { Identity: null, Refusal: null } && ReferenceEquals(authenticator.WithoutToken(connection: ""), Identity.Nobody);
        return isNobody ? SignIn.Refused(UpgradeRefusal.Unauthorized("a token is needed")) : signIn;
    }

    /// <summary>Apart from the request, which holds the token and would live as long as the connection.</summary>
    private Func<Connection, IMessageHandler> Opener(Identity? identity, OpeningRequest? opening = null) =>
        connection => new Session(connection, identity ?? authenticator.WithoutToken(connection.Id), sessions, opening);
}
