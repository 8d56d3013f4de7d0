using System.Net;
using Gateway.Server.Metrics;

namespace Gateway.Server.Audit;

/// <summary>A connection as the audit names it. Immutable.</summary>
/// <param name="Id">The id of the connection.</param>
/// <param name="User">The user of the connection; null where no user is known.</param>
/// <param name="Address">The client's address, as trusted proxies forward it.</param>
/// <param name="Transport">How the client is connected.</param>
internal readonly record struct AuditedConnection(string Id, string? User, IPAddress Address, TransportKind Transport);
