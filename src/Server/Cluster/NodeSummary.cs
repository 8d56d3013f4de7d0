namespace Gateway.Server.Cluster;

/// <summary>A node's description of itself, for the other nodes and the API. Immutable.</summary>
/// <param name="Id">Random, so that two nodes with the same name are two.</param>
/// <param name="Node">The node's name.</param>
/// <param name="Address">The address for clients, as configured.</param>
/// <param name="Version">The gateway's version.</param>
/// <param name="Started">When the node started, in Unix milliseconds.</param>
/// <param name="Connections">Open connections.</param>
/// <param name="Channels">Channels with subscribers on the node.</param>
/// <param name="Subscriptions">Subscriptions on the node.</param>
/// <param name="Problem">Why the node is not ready; null when it is.</param>
internal sealed record NodeSummary(
    string Id, string Node, string Address, string Version, long Started, int Connections, int Channels, long Subscriptions,
    string? Problem = null);
