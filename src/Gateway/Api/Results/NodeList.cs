using Gateway.Cluster;

namespace Gateway.Api.Results;

/// <summary>Immutable. The nodes that were heard of within the last seconds, the one that answers first.</summary>
internal sealed record NodeList(IReadOnlyList<NodeSummary> Nodes);
