namespace Gateway.Server.Cluster;

/// <summary>One metric of a node. Immutable.</summary>
/// <param name="Name">The name in docs/metrics.md.</param>
/// <param name="Values">A value for each set of labels that has occurred.</param>
/// <param name="Bounds">The upper bounds of a histogram's buckets, without the last, which has none.</param>
internal sealed record MetricValues(string Name, IReadOnlyList<MetricValue> Values, IReadOnlyList<double>? Bounds = null);
