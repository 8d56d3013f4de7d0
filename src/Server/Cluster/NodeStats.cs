namespace Gateway.Server.Cluster;

/// <summary>A node's counters since its start, and what it uses. Immutable.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Started">When the node started, in Unix milliseconds: its counters began at 0 then.</param>
/// <param name="Time">When the node answered, in Unix milliseconds: two answers give rates.</param>
/// <param name="CpuSeconds">Processor time of the process.</param>
/// <param name="MemoryBytes">Resident memory of the process.</param>
/// <param name="Metrics">The meter <c>Gateway</c>.</param>
internal sealed record NodeStats(
    string Node, long Started, long Time, double CpuSeconds, long MemoryBytes, IReadOnlyList<MetricValues> Metrics);
