using Gateway.Server.Cluster;
using Gateway.Server.Export.Prometheus;
using Gateway.Server.Export;
using Gateway.Server.Listening;

namespace Gateway.Server.Hosting;

/// <summary>Registers the way of metrics out of the process. Stateless.</summary>
internal static class ExportRegistration
{
    public static IServiceCollection AddExport(this IServiceCollection services) => services
        .AddSingleton<NodeMetrics>()
        .AddSingleton<PrometheusExporter>()
        .AddSingleton<INodeMetrics>(static provider => provider.GetRequiredService<PrometheusExporter>())
        .AddSingleton<IPortEndpoints, MetricsEndpoint>();
}
