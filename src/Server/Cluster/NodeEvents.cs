using Gateway.Server.Audit;

namespace Gateway.Server.Cluster;

/// <summary>The latest events on a node, the newest first. Immutable.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Refusals">Clients that were refused.</param>
/// <param name="SlowConsumers">Connections that did not keep up.</param>
internal sealed record NodeEvents(string Node, IReadOnlyList<RecentRefusal> Refusals, IReadOnlyList<RecentSlowConsumer> SlowConsumers);
