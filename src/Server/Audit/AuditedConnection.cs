using System.Net;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;

namespace Gateway.Server.Audit;

/// <summary>A connection as the audit names it. Immutable.</summary>
/// <param name="Id">The id of the connection.</param>
/// <param name="SignedInAs">The user of the connection; null where no user is known.</param>
/// <param name="IsAnonymous">Whether the client was let in without a name.</param>
/// <param name="Address">The client's address, as trusted proxies forward it.</param>
/// <param name="Transport">How the client is connected.</param>
internal readonly record struct AuditedConnection(
    ConnectionId Id, string? SignedInAs, bool IsAnonymous, IPAddress Address, TransportKind Transport)
{
    /// <summary>The user as clients see it; null where no user is known. Made when it is asked for.</summary>
    public string? User => SignedInAs ?? (IsAnonymous ? Id.AnonymousUser : null);
}
