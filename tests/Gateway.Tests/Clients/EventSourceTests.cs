using Gateway.Tests.Sse;
using Gateway.TestSupport;

namespace Gateway.Tests.Clients;

/// <summary>The npm client <c>eventsource</c>, which does in Node what the browsers' own does.</summary>
public sealed class EventSourceTests
{
    [Fact]
    public async Task The_client_comes_back_by_itself_after_its_gateway_died_and_misses_nothing()
    {
        await using var redis = await RedisServer.StartAsync();
        string[] settings = ["Redis:Addresses=" + redis.Address, "Namespaces:log:History=1000", "Namespaces:default:Publish=anyone"];
        int port = LoopbackPorts.Next();
        string[] onPort = [.. settings, $"Public=http://127.0.0.1:{port}"];
        await using var other = await GatewayServer.StartAsync(settings);
        var gateway = await GatewayProcess.StartAsync(onPort);
        try
        {
            await using var script = NodeScript.Follow(port, last: 60);
            await script.SaysAsync("subscribed");
            await Publishing.PublishManyAsync(other.PublicPort, "log:a", 1, 20);

            gateway.Kill();
            await gateway.DisposeAsync();
            await Publishing.PublishManyAsync(other.PublicPort, "log:a", 21, 40);
            gateway = await GatewayProcess.StartAsync(onPort);
            await script.SaysAsync("recovered");
            await Publishing.PublishManyAsync(other.PublicPort, "log:a", 41, 60);

            await script.PassedAsync();
        }
        finally
        {
            await gateway.DisposeAsync();
        }
    }
}
