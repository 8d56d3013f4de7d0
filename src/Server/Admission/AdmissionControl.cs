using System.Net;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Application;
using Gateway.Server.Auth;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Health;
using Gateway.Server.Metrics;
using Gateway.Server.Options;
using Gateway.Server.Sessions;

namespace Gateway.Server.Admission;

/// <summary>
/// Decides over handshakes: which client gets in, and with which subprotocol. Safe for any thread; used by every listener and endpoint.
/// </summary>
internal sealed class AdmissionControl(
    GatewayOptions options, Readiness readiness, HandshakeRates rates, ConnectionLimits limits, AllowedOrigins origins,
    IAuthenticator authenticator, SessionServices sessions, Compression compression, IEnumerable<IDialectFactory> dialects)
{
    private static readonly HandshakeRefusal TooManyOfUser = HandshakeRefusal.TooManyRequests with { Reason = "user_connections" };

    private readonly Dictionary<string, IDialectFactory> _dialects = dialects.ToDictionary(dialect => dialect.Path, StringComparer.Ordinal);

    /// <summary>The languages of WebSockets, each at its path.</summary>
    public IReadOnlyCollection<IDialectFactory> Dialects => _dialects.Values;

    /// <summary>Decides over a WebSocket at the path of one of <see cref="Dialects"/>.</summary>
    /// <param name="request">The request.</param>
    /// <param name="address">The client's address.</param>
    public ValueTask<AdmissionResult> AdmitAsync(HandshakeRequest request, IPAddress address) =>
        AdmitAsync(request, address, _dialects[request.Path]);

    /// <summary>Decides over a WebSocket at any path.</summary>
    /// <param name="request">The request.</param>
    /// <param name="address">The client's address.</param>
    /// <param name="dialect">The language that is served there.</param>
    public ValueTask<AdmissionResult> AdmitAsync(HandshakeRequest request, IPAddress address, IDialectFactory dialect) =>
        AdmitAsync(request, address, lease => UpgradeAsync(request, lease, dialect));

    /// <summary>Decides over a stream.</summary>
    /// <param name="request">An ordinary request, as far as the decision depends on it.</param>
    /// <param name="address">The client's address.</param>
    /// <param name="dialect">The language of the stream.</param>
    /// <param name="opening">What the client asks for.</param>
    public ValueTask<AdmissionResult> AdmitAsync(
        HandshakeRequest request, IPAddress address, IDialectFactory dialect, InitialSubscriptions opening) =>
        AdmitAsync(request, address, lease => StreamAsync(request, lease, dialect, opening));

    /// <summary>
    /// Finds out who an ordinary request comes from. It has one chance to say so: a token that is needed has to be in it.
    /// </summary>
    public async ValueTask<SignIn> SignInAsync(HandshakeRequest request)
    {
        if (!origins.Allow(request.Origin))
            return SignIn.Refused(HandshakeRefusal.ForbiddenOrigin);
        var signIn = await authenticator.AuthenticateAsync(request).ConfigureAwait(false);
        bool isMissingToken = signIn is { Identity: null, Refusal: null }
            && ReferenceEquals(authenticator.WithoutToken, Identity.Unauthenticated);
        return isMissingToken ? SignIn.Refused(HandshakeRefusal.TokenMissing) : signIn;
    }

    private async ValueTask<AdmissionResult> AdmitAsync(
        HandshakeRequest request, IPAddress address, Func<ConnectionLease, ValueTask<AdmissionResult>> decide)
    {
        if (readiness.IsDraining)
            return HandshakeRefusal.Unavailable with { Reason = "draining", RetryAfter = TimeSpan.FromSeconds(1) };
        if (!rates.TryTake(address, out var wait))
            return HandshakeRefusal.TooManyRequests with { Reason = "handshake_rate", RetryAfter = wait };
        if (!origins.Allow(request.Origin))
            return HandshakeRefusal.ForbiddenOrigin;
        if (limits.TryAcquire(address, out var refusal) is not { } lease)
            return refusal!;
        var result = default(AdmissionResult);
        try
        {
            return result = await decide(lease).ConfigureAwait(false);
        }
        finally
        {
            if (result.Admitted is null)
                lease.Dispose();
        }
    }

    private async ValueTask<AdmissionResult> UpgradeAsync(HandshakeRequest request, ConnectionLease lease, IDialectFactory dialect)
    {
        if (!dialect.SignsIn)
            return Upgraded(request, lease, null, dialect, Identity.Unauthenticated);
        string? subprotocol = dialect.Subprotocol is { } own && request.Subprotocols.Contains(own) ? own : null;
        if (subprotocol is null
            && request.Subprotocols.Any(name => !name.StartsWith(HandshakeToken.SubprotocolPrefix, StringComparison.Ordinal)))
            return HandshakeRefusal.UnknownSubprotocol;
        var signIn = await authenticator.AuthenticateAsync(request).ConfigureAwait(false);
        if (signIn.Refusal is not null)
            return signIn.Refusal;
        var identity = signIn.Identity ?? authenticator.WithoutToken;
        // A client that has yet to sign in is counted when its user is known.
        bool isKnown = !ReferenceEquals(identity, Identity.Unauthenticated);
        if (isKnown && !await IdentifyAsync(lease, identity).ConfigureAwait(false))
            return TooManyOfUser;
        if (isKnown && await DenialAsync(identity, lease).ConfigureAwait(false) is { } denial)
            return denial;
        return Upgraded(request, lease, subprotocol, dialect, identity);
    }

    private Admitted Upgraded(
        HandshakeRequest request, ConnectionLease lease, string? subprotocol, IDialectFactory dialect, Identity identity)
    {
        var deflate = compression.IsEnabled ? request.Deflate : null;
        var encoding = deflate is { } agreement ? compression.EncodingFor(dialect.Encoding, agreement) : dialect.Encoding;
        return new Admitted(lease, subprotocol, deflate, encoding, Opener(dialect, identity));
    }

    private async ValueTask<AdmissionResult> StreamAsync(
        HandshakeRequest request, ConnectionLease lease, IDialectFactory dialect, InitialSubscriptions opening)
    {
        var signIn = await SignInAsync(request).ConfigureAwait(false);
        if (signIn.Refusal is not null)
            return signIn.Refusal;
        var identity = signIn.Identity ?? authenticator.WithoutToken;
        if (!await IdentifyAsync(lease, identity).ConfigureAwait(false))
            return TooManyOfUser;
        lease.Transport = TransportKind.EventStream;
        opening = opening.For(identity);
        var refusal = opening.Refuse(identity, sessions.Namespaces, options.Limits.ChannelsPerConnection);
        refusal ??= await DenialAsync(identity, lease).ConfigureAwait(false);
        return refusal is null ? Streaming(lease, dialect, identity, opening) : refusal;
    }

    /// <summary>Counts the connection as one of its user. An anonymous client has no other connection to be counted with.</summary>
    private static ValueTask<bool> IdentifyAsync(ConnectionLease lease, Identity identity)
    {
        lease.IsAnonymous = identity.IsAnonymous;
        return identity.IsAnonymous ? new ValueTask<bool>(true) : lease.IdentifyAsync(identity.User);
    }

    private static Admitted Streaming(
        ConnectionLease lease, IDialectFactory dialect, Identity identity, InitialSubscriptions opening) =>
        new(lease, Subprotocol: null, Deflate: null, dialect.Encoding, Opener(dialect, identity, opening), opening);

    /// <summary>Asks the application's backend whether the user may connect, where it wants to be asked.</summary>
    /// <returns>Null when the user may.</returns>
    private async ValueTask<HandshakeRefusal?> DenialAsync(Identity identity, ConnectionLease lease)
    {
        if (sessions.ApplicationFor(Interests.Connect) is not { } application)
            return null;
        var caller = new Caller(lease.Id.ToString(), identity.Named(lease.Id).User, lease.Address);
        var decision = await application.ConnectAsync(caller, lease.Transport.Label()).ConfigureAwait(false);
        return decision.Denial is { } denial ? denial.ToRefusal() with { Reason = "application" } : null;
    }

    /// <summary>
    /// A method of its own, so that the closure does not hold the request: the token in it would live as long as the connection.
    /// </summary>
    private static Func<Connection, IDialect> Opener(
        IDialectFactory dialect, Identity identity, InitialSubscriptions? opening = null) =>
        connection => dialect.Open(connection, identity, opening);
}
