using Gateway.TestSupport;

namespace Gateway.Tests.Sessions;

public sealed class MetricsTests
{
    [Fact]
    public async Task Connections_messages_and_errors_are_counted_by_kind()
    {
        await using var server = await GatewayServer.StartAsync();
        using var measured = new Measurements(server);
        await using var one = await JsonClient.ConnectAsync(server);
        await using var two = await JsonClient.ConnectAsync(server);
        await Eventually.TrueAsync(() => measured["gateway.connections websocket"] == 2, "both connections are counted");

        await one.SubscribeAsync("a");
        await two.SubscribeAsync("a");
        await one.PublishAsync("a", "1");
        await one.ReceiveAsync("message");
        await two.ReceiveAsync("message");
        await one.AskAsync("{", "error");
        await one.AskAsync("""{"type":"dance"}""", "error");
        await one.AskAsync("""{"type":"dance"}""", "error");
        await one.AskAsync("""{"type":"unsubscribe","channel":"never"}""", "error");
        await one.DisposeAsync();
        two.Socket.Abort();

        await Eventually.TrueAsync(() => measured["gateway.connections websocket"] == 0, "the ends are counted");
        await Eventually.TrueAsync(() => measured["gateway.messages.delivered"] == 2, "the deliveries are counted");
        Assert.Equal(7, measured["gateway.messages.received"]);
        Assert.Equal(1, measured["gateway.errors bad_request"]);
        Assert.Equal(2, measured["gateway.errors unknown_type"]);
        Assert.Equal(1, measured["gateway.errors not_subscribed"]);
        Assert.Equal(1, measured["gateway.disconnects 1000"]);
        Assert.Equal(1, measured["gateway.disconnects 1006"]);
    }

    [Fact]
    public async Task Refused_upgrades_are_counted_by_status()
    {
        await using var server = await GatewayServer.StartAsync();
        using var measured = new Measurements(server);
        await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws", "Sec-WebSocket-Protocol: another"));
        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadHeadAsync(), StringComparison.Ordinal);

        Assert.Equal(1, measured["gateway.refusals 400"]);
    }

    [Theory]
    [InlineData("disconnect")]
    [InlineData("drop-oldest")]
    [InlineData("latest")]
    public async Task Actions_against_slow_consumers_are_counted_by_policy(string policy)
    {
        await using var server = await GatewayServer.StartAsync("Limits:OutboundBytes=65536", $"Namespaces:n:SlowConsumer={policy}");
        using var measured = new Measurements(server);
        await using var stalled = await Stalled.StartAsync(server, "n:a");
        await using var publisher = await JsonClient.ConnectAsync(server);
        await using var healthy = await JsonClient.ConnectAsync(server);
        await healthy.SubscribeAsync("n:a");

        await stalled.EndureAsync(publisher, healthy, ["n:a"], messages: 600, bytes: 10_000, limit: 65_536);

        await Eventually.TrueAsync(() => measured["gateway.slow_consumers " + policy] > 0, "the action is counted");
        if (policy != "disconnect")
            Assert.Equal(0, measured["gateway.slow_consumers disconnect"]);
        else
            Assert.Equal(1, measured["gateway.slow_consumers disconnect"]);
    }
}
