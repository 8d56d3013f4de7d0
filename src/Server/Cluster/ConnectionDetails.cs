namespace Gateway.Server.Cluster;

/// <summary>One connection, for support staff who look into a user's problem. Immutable.</summary>
/// <param name="Connection">The connection's id.</param>
/// <param name="Node">The node that has the connection.</param>
/// <param name="Connected">When the connection was opened, in Unix milliseconds.</param>
/// <param name="QueuedBytes">Bytes that wait to be sent.</param>
/// <param name="Channels">The channels that the connection is subscribed to.</param>
/// <param name="User">The user; null on <c>/echo</c>, where no client signs in.</param>
/// <param name="Address">The client's address, as far as trusted proxies name it.</param>
internal sealed record ConnectionDetails(
    string Connection, string Node, long Connected, long QueuedBytes, IReadOnlyList<string> Channels, string? User = null,
    string? Address = null);
