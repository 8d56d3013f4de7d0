namespace Gateway.Server.Cluster;

/// <summary>Immutable. What a node has counted since it started, and what it holds.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Started">Unix milliseconds: a node that started anew counts from 0.</param>
/// <param name="Time">When it answered, Unix milliseconds: with an earlier answer it tells rates.</param>
/// <param name="CpuSeconds">Processor time of the process.</param>
/// <param name="MemoryBytes">Resident memory of the process.</param>
/// <param name="Metrics">The meter <c>Gateway</c>.</param>
internal sealed record NodeStats(string Node, long Started, long Time, double CpuSeconds, long MemoryBytes, IReadOnlyList<MetricValues> Metrics);
