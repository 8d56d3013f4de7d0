using System.Net;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;

namespace Gateway.Server.Connections;

/// <summary>
/// Who one connection belongs to, and its place in what the limits count, from its admission to its end. Safe for any thread; made by
/// the admission, and one object with its counts, because it is memory of every idle connection.
/// </summary>
internal abstract class ConnectionLease(IPAddress address) : IDisposable
{
    /// <summary>The id of the connection.</summary>
    public ConnectionId Id { get; } = ConnectionId.Next();

    /// <summary>The client's address, as trusted proxies forward it.</summary>
    public IPAddress Address { get; } = address;

    /// <summary>How the client is connected; set, if at all, before the connection begins.</summary>
    public TransportKind Transport { get; set; }

    /// <summary>Whether the client is let in without a name of its own. Set before the connection begins.</summary>
    public bool IsAnonymous { get; set; }

    /// <summary>The user as which the connection is counted; null until the user is known, and for an anonymous client.</summary>
    public string? User { get; protected set; }

    /// <summary>
    /// Counts the connection as one of a user: as soon as the user is known, and again should the user change. Completes at once for a user
    /// with few connections.
    /// </summary>
    /// <returns>False when the user has as many connections as one may have: answer 429, or close with 1013 after the upgrade.</returns>
    public abstract ValueTask<bool> IdentifyAsync(string user);

    /// <summary>Gives the place back; every further call does nothing.</summary>
    public abstract void Dispose();
}
