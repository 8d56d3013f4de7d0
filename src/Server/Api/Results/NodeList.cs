using Gateway.Server.Cluster;

namespace Gateway.Server.Api.Results;

/// <summary>Immutable. The nodes of an installation.</summary>
/// <param name="Nodes">Those that were heard of within the last seconds, the one that answers first.</param>
/// <param name="Missing">Names of those that fell silent lately without saying that they stop.</param>
internal sealed record NodeList(IReadOnlyList<NodeSummary> Nodes, IReadOnlyList<string> Missing);
