using System.Net;
using Gateway.Auth;
using Gateway.Hosting;
using Gateway.Options;
using Gateway.Protocol.WebSockets;
using Gateway.Sessions;

namespace Gateway.Connections;

/// <summary>Safe for any thread. Decides over an upgrade request: who gets in, with which subprotocol, to do what.</summary>
internal sealed class Admission(
    GatewayOptions options, Readiness readiness, HandshakeRates rates, ConnectionLimits limits, IAuthenticator authenticator, SessionServices sessions)
{
    private const string EchoPath = "/echo";
    private const string Subprotocol = "gateway.v1.json";

    /// <summary>A subprotocol of this form carries a token (protocol, "Signing in"); it names no protocol and is never sent back.</summary>
    private const string TokenPrefix = "bearer.";

    /// <summary>The paths that are WebSockets, as they stand in a request.</summary>
    public static IReadOnlyList<byte[]> Paths(GatewayOptions options) => options.Echo ? ["/ws"u8.ToArray(), "/echo"u8.ToArray()] : ["/ws"u8.ToArray()];

    /// <summary>Lets the request in, or says why not.</summary>
    /// <param name="request">A request for one of <see cref="Paths"/>.</param>
    /// <param name="address">Where the client is.</param>
    /// <param name="refusal">Why not.</param>
    /// <returns>Null when refused.</returns>
    public Admitted? TryAdmit(UpgradeRequest request, IPAddress address, out UpgradeRefusal? refusal)
    {
        if (readiness.IsDraining)
        {
            refusal = UpgradeRefusal.Unavailable with { RetryAfter = TimeSpan.FromSeconds(1) };
            return null;
        }
        if (!rates.TryTake(address, out var wait))
        {
            refusal = UpgradeRefusal.TooManyRequests with { RetryAfter = wait };
            return null;
        }
        if (limits.TryAcquire(address, out refusal) is not { } lease)
            return null;
        Admitted? admitted = null;
        try
        {
            return admitted = TryAdmit(request, lease, out refusal);
        }
        finally
        {
            if (admitted is null)
                lease.Dispose();
        }
    }

    private Admitted? TryAdmit(UpgradeRequest request, ConnectionLease lease, out UpgradeRefusal? refusal)
    {
        refusal = null;
        if (options.Echo && request.Path == EchoPath)
            return new Admitted(lease, null, static connection => new EchoHandler(connection));
        string? subprotocol = request.Subprotocols.Contains(Subprotocol) ? Subprotocol : null;
        if (subprotocol is null && request.Subprotocols.Any(name => !name.StartsWith(TokenPrefix, StringComparison.Ordinal)))
        {
            refusal = UpgradeRefusal.UnknownSubprotocol;
            return null;
        }
        var identity = authenticator.Authenticate(request, lease.Id);
        if (!lease.TryIdentify(identity.User))
        {
            refusal = UpgradeRefusal.TooManyRequests;
            return null;
        }
        return new Admitted(lease, subprotocol, connection => new Session(connection, identity, sessions));
    }
}
