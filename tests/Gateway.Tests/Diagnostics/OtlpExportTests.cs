using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Gateway.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Diagnostics;

public sealed class OtlpExportTests
{
    [Fact]
    public async Task Metrics_go_to_the_collector_that_the_environment_names()
    {
        var received = new ConcurrentDictionary<string, string>();
        await using var collector = WebApplication.CreateSlimBuilder().Build();
        collector.Urls.Add("http://127.0.0.1:0");
        collector.MapPost("/v1/{signal}", async (HttpContext context, string signal) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            received.AddOrUpdate(
                signal, _ => Encoding.Latin1.GetString(body.ToArray()), (_, before) => before + Encoding.Latin1.GetString(body.ToArray()));
        });
        await collector.StartAsync();
        string address = collector.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

        await using var gateway = await GatewayProcess.StartAsync(new GatewayLaunch
        {
            Settings = ["Node=edge-7"],
            Environment = new Dictionary<string, string>
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = address,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
                ["OTEL_RESOURCE_ATTRIBUTES"] = "deployment.environment=test",
            },
        });
        await using var client = await JsonClient.ConnectAsync(gateway.WebSocketUri);

        foreach (string expected in new[]
        {
            "gateway.messages.received", "gateway.connections", "websocket", "edge-7", "deployment.environment", "dotnet.gc.collections",
        })
            await Eventually.TrueAsync(
                () => received.GetValueOrDefault("metrics", "").Contains(expected, StringComparison.Ordinal), expected + " arrives");
    }
}
