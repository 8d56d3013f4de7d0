using Gateway.Server.Cluster;

namespace Gateway.Server.Api.Results;

/// <summary>Immutable. The figures of all nodes.</summary>
/// <param name="Nodes">Of those that answered, by name.</param>
/// <param name="Missing">Nodes that did not answer in time.</param>
internal sealed record StatsReply(IReadOnlyList<NodeStats> Nodes, IReadOnlyList<string> Missing);
