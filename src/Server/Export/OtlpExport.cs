using Gateway.Server.Metrics;
using Gateway.Server.Options;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Gateway.Server.Export;

/// <summary>
/// Sends the meter, the runtime's own and the traces to a collector. Run by the host of the executable, and only where
/// <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set; the standard <c>OTEL_…</c> environment variables say all about it.
/// </summary>
internal sealed class OtlpExport(GatewayOptions options) : IHostedService
{
    private MeterProvider? _metrics;
    private TracerProvider? _traces;

    public static bool IsConfigured => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT"));

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _metrics = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(Describe)
            .AddMeter(GatewayMetrics.MeterName, "System.Runtime")
            .AddOtlpExporter()
            .Build();
        _traces = Sdk.CreateTracerProviderBuilder()
            .ConfigureResource(Describe)
            .AddSource(Tracing.SourceName)
            .AddOtlpExporter()
            .Build();
        return Task.CompletedTask;
    }

    /// <summary>Sends what is left, for a few seconds at most.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            _metrics?.Dispose();
            _traces?.Dispose();
        },
        CancellationToken.None);

    private void Describe(ResourceBuilder resource) =>
        resource
            .AddService(
                "gateway", serviceVersion: typeof(OtlpExport).Assembly.GetName().Version!.ToString(3), serviceInstanceId: options.Node)
            .AddEnvironmentVariableDetector();
}
