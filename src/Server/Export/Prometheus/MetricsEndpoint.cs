using Gateway.Server.Listening;

namespace Gateway.Server.Export.Prometheus;

/// <summary><c>/metrics</c> on the internal port, for Prometheus. Safe for any thread.</summary>
internal sealed class MetricsEndpoint(PrometheusExporter exporter) : IPortEndpoints
{
    public void Map(IEndpointRouteBuilder routes) => routes.MapGet("/metrics", context =>
    {
        context.Response.ContentType = Exposition.ContentType;
        return context.Response.WriteAsync(exporter.Scrape());
    });
}
