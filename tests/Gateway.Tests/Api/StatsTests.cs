using System.Net;
using System.Text.Json;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Audit;
using Gateway.Server.Auth;
using Gateway.TestSupport;
using Gateway.Tests.Redis;
using Gateway.Tests.Sessions;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Api;

/// <summary>The data behind the operator's page: figures, refusals and slow consumers of every node.</summary>
public sealed class StatsTests
{
    [Fact]
    public async Task Figures_are_those_that_prometheus_gets()
    {
        await using var server = await GatewayServer.StartAsync();
        await using var client = await JsonClient.ConnectAsync(server);
        await using var stream = await SseClient.ConnectAsync(server.PublicPort, "channel=a");

        var stats = (await server.GetAsync("/api/stats")).Json.GetProperty("nodes")[0];
        var scraped = (await server.GetAsync("/metrics")).Text.Split('\n')
            .Where(line => line.StartsWith("# TYPE gateway_", StringComparison.Ordinal))
            .Select(line => line.Split(' ')[2]).Except(["gateway_build_info"]);

        Assert.Equal(scraped.Order(), stats.GetProperty("metrics").EnumerateArray().Select(metric => metric.Text("name")).Order());
        Assert.Equal((1, 1), (Value(stats, "gateway_connections", "websocket"), Value(stats, "gateway_connections", "sse")));
        var handshakes = Metric(stats, "gateway_handshake_duration_seconds");
        var buckets = handshakes.GetProperty("values")[0].GetProperty("buckets").EnumerateArray().Select(
            bucket => bucket.GetInt64()).ToList();
        Assert.Equal((handshakes.GetProperty("bounds").GetArrayLength() + 1, 2), (buckets.Count, buckets.Sum()));
        Assert.True(stats.GetProperty("cpuSeconds").GetDouble() > 0);
        Assert.True(stats.Number("memoryBytes") > 1 << 20);
        Assert.InRange(stats.Number("time"), stats.Number("started"), long.MaxValue);
    }

    [Fact]
    public async Task A_refusal_is_listed_once_with_how_often_and_never_with_what_was_sent()
    {
        await using var server = await GatewayServer.StartAsync();
        for (int i = 0; i < 3; i++)
            await RefuseAsync(server, "/ws?token=SECRET", "Sec-WebSocket-Protocol: another");
        await RefuseAsync(server, "/ws", "Origin: SECRET SECRET");

        var answer = await server.GetAsync("/api/events");
        var refusals = answer.Json.GetProperty("nodes")[0].GetProperty("refusals").EnumerateArray().ToList();

        Assert.Equal(
            ["the Origin header must be one origin", "none of the offered subprotocols is supported; supported: gateway.v1.json"],
            refusals.Select(refusal => refusal.Text("message")));
        Assert.Equal([1L, 3L], refusals.Select(refusal => refusal.Number("count")));
        Assert.All(
            refusals,
            refusal => Assert.Equal(
                ("127.0.0.1", 400, "bad_request"), (refusal.Text("address"), refusal.Number("status"), refusal.Text("reason"))));
        Assert.DoesNotContain("SECRET", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slow_consumers_are_listed_with_their_user_and_the_dropped_messages()
    {
        await using var server = await GatewayServer.StartAsync(
            ["Limits:OutboundBytes=65536", "Namespaces:drop:SlowConsumer=drop-oldest"],
            services => services.AddSingleton<IAuthenticator, QueryAuthenticator>());
        await using var publisher = await JsonClient.ConnectAsync(server);
        await using var healthy = await JsonClient.ConnectAsync(server);
        await healthy.SubscribeAsync("drop:a");
        await using var stalled = await Stalled.StartAsync(server, "drop:a");
        await stalled.EndureAsync(publisher, healthy, ["drop:a"], messages: 600, bytes: 10_000, limit: 65_536);

        var slow = (await server.GetAsync("/api/events")).Json.GetProperty("nodes")[0].GetProperty("slowConsumers").EnumerateArray()
            .Single();

        Assert.Equal(
            (stalled.Connection.Id.ToString(), stalled.Connection.Id.AnonymousUser, "127.0.0.1"),
            (slow.Text("connection"), slow.Text("user"), slow.Text("address")));
        Assert.Equal(("drop-oldest", "drop:a"), (slow.Text("policy"), slow.Text("channel")));
        Assert.InRange(
            slow.Number("dropped"),
            1,
            Value((await server.GetAsync("/api/stats")).Json.GetProperty("nodes")[0], "gateway_slow_consumers_total", "drop-oldest"));
    }

    [Fact]
    public async Task However_many_there_are_only_the_latest_are_kept()
    {
        await using var server = await GatewayServer.StartAsync();
        var recent = server.Services.GetRequiredService<RecentEvents>();
        for (int i = 0; i < 2 * RecentEvents.Capacity; i++)
            recent.Refused(new IPAddress(i), HandshakeRefusal.ForbiddenOrigin);

        Assert.Equal(RecentEvents.Capacity, recent.Refusals.Count);
        Assert.Equal(new IPAddress(2 * RecentEvents.Capacity - 1).ToString(), recent.Refusals[0].Address);
    }

    [Fact]
    public async Task Every_node_answers_for_itself_and_any_tells_of_all()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var client = await JsonClient.ConnectAsync(nodes.A);
        await RefuseAsync(nodes.B, "/ws", "Sec-WebSocket-Protocol: another");

        await Eventually.TrueAsync(
            async () => (await nodes.A.GetAsync("/api/stats")).Json.GetProperty("nodes").GetArrayLength() == 2,
            "the nodes know each other");
        string[] names =
            [.. (await nodes.A.GetAsync("/api/nodes")).Json.GetProperty("nodes").EnumerateArray().Select(node => node.Text("node"))];
        var stats = (await nodes.B.GetAsync("/api/stats")).Json.GetProperty("nodes").EnumerateArray()
            .ToDictionary(node => node.Text("node"));
        var events = (await nodes.A.GetAsync("/api/events")).Json.GetProperty("nodes").EnumerateArray()
            .ToDictionary(node => node.Text("node"));

        Assert.Equal(
            (1, 0),
            (Value(stats[names[0]], "gateway_connections", "websocket"), Value(stats[names[1]], "gateway_connections", "websocket")));
        Assert.Equal(
            (0, 1), (events[names[0]].GetProperty("refusals").GetArrayLength(), events[names[1]].GetProperty("refusals").GetArrayLength()));
    }

    private static JsonElement Metric(JsonElement stats, string name) =>
        stats.GetProperty("metrics").EnumerateArray().Single(metric => metric.Text("name") == name);

    private static long Value(JsonElement stats, string name, string label) => Metric(stats, name).GetProperty("values").EnumerateArray()
        .Single(value => value.GetProperty("labels").EnumerateObject().Single().Value.GetString() == label).Number("value");

    private static async Task RefuseAsync(GatewayServer server, string target, params string[] headers)
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await client.SendTextAsync(RawWebSocket.UpgradeRequest(target, headers));
        await client.ReadToEndAsync();
    }
}
