namespace Gateway.Server.Cluster;

/// <summary>Reads this node's meter, for other nodes' questions. Safe for any thread.</summary>
internal interface INodeMetrics
{
    IReadOnlyList<MetricValues> Read();
}
