using Gateway.Server.Audit;

namespace Gateway.Server.Cluster;

/// <summary>Immutable. What happened on a node lately, the newest first.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Refusals">Clients that were not let in.</param>
/// <param name="SlowConsumers">Connections that did not keep up.</param>
internal sealed record NodeEvents(string Node, IReadOnlyList<RecentRefusal> Refusals, IReadOnlyList<RecentSlowConsumer> SlowConsumers);
