namespace Gateway.Server.Cluster;

/// <summary>Immutable. One metric of a node.</summary>
/// <param name="Name">As in docs/metrics.md.</param>
/// <param name="Values">One for each set of labels that has occurred.</param>
/// <param name="Bounds">Of a histogram: the upper bounds of its buckets, without the last, which has none.</param>
internal sealed record MetricValues(string Name, IReadOnlyList<MetricValue> Values, IReadOnlyList<double>? Bounds = null);
