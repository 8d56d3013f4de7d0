namespace Gateway.Server.Cluster;

/// <summary>Registers this node and its view of the others. Stateless.</summary>
internal static class ClusterRegistration
{
    public static IServiceCollection AddCluster(this IServiceCollection services) => services
        .AddSingleton<LocalNode>()
        .AddSingleton<NodeRegistry>();
}
