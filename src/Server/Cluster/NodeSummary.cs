namespace Gateway.Server.Cluster;

/// <summary>Immutable. A node as it tells the others about itself.</summary>
/// <param name="Id">Random, so that two nodes with the same name are two.</param>
/// <param name="Node">Its name.</param>
/// <param name="Address">Where clients connect, as configured.</param>
/// <param name="Version">Of the gateway.</param>
/// <param name="Started">Unix milliseconds.</param>
/// <param name="Connections">Open connections.</param>
/// <param name="Channels">Channels with subscribers there.</param>
/// <param name="Subscriptions">Subscriptions there.</param>
/// <param name="Problem">Why it is not ready; null when it is.</param>
internal sealed record NodeSummary(
    string Id, string Node, string Address, string Version, long Started, int Connections, int Channels, long Subscriptions, string? Problem = null);
