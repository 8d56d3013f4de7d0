namespace Gateway.Server.Cluster;

/// <summary>Immutable. One connection, for who looks after a user's trouble.</summary>
/// <param name="Connection">Its id.</param>
/// <param name="Node">Where it is.</param>
/// <param name="Connected">Unix milliseconds.</param>
/// <param name="QueuedBytes">What waits to be sent to it.</param>
/// <param name="Channels">What it is subscribed to.</param>
/// <param name="User">Null where nobody signs in: <c>/echo</c>.</param>
/// <param name="Address">Where the client is, as far as trusted proxies tell.</param>
internal sealed record ConnectionDetails(
    string Connection, string Node, long Connected, long QueuedBytes, IReadOnlyList<string> Channels, string? User = null, string? Address = null);
