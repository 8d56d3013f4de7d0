namespace Gateway.Server.Export.Prometheus;

/// <summary>Stateless. <c>/metrics</c> on the internal port, for Prometheus.</summary>
internal static class MetricsEndpoint
{
    public static void Map(IEndpointRouteBuilder routes, PrometheusExporter exporter) => routes.MapGet("/metrics", context =>
    {
        context.Response.ContentType = Exposition.ContentType;
        return context.Response.WriteAsync(exporter.Scrape());
    });
}
