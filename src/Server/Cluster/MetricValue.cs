namespace Gateway.Server.Cluster;

/// <summary>A metric's value under one set of labels. Immutable.</summary>
/// <param name="Value">The number; of a histogram, the sum of all measurements.</param>
/// <param name="Labels">Null where the metric has none.</param>
/// <param name="Buckets">The measurements in each bucket of a histogram: one bucket more than there are bounds.</param>
internal sealed record MetricValue(double Value, IReadOnlyDictionary<string, string>? Labels = null, IReadOnlyList<long>? Buckets = null);
