namespace Gateway.Server.Cluster;

/// <summary>Immutable. A metric's value under one set of labels.</summary>
/// <param name="Value">The number; of a histogram, the sum of what was measured.</param>
/// <param name="Labels">Null where the metric has none.</param>
/// <param name="Buckets">Of a histogram: how many measurements fell into each bucket, one more than there are bounds.</param>
internal sealed record MetricValue(double Value, IReadOnlyDictionary<string, string>? Labels = null, IReadOnlyList<long>? Buckets = null);
