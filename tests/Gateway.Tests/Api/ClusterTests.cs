using Gateway.Tests.Redis;
using Gateway.TestSupport;

namespace Gateway.Tests.Api;

/// <summary>The API of several nodes: any of them takes any request.</summary>
public sealed class ClusterTests
{
    [Fact]
    public async Task A_request_to_one_node_is_done_on_all()
    {
        await using var nodes = await StartAsync();
        await using var here = await JsonClient.ConnectAsync(nodes.A);
        await using var there = await JsonClient.ConnectAsync(nodes.B);

        Assert.Equal(
            1, (await nodes.A.PostAsync("subscribe", $$"""{"user":"{{there.User}}","channel":"h:a"}""")).Json.Number("connections"));
        await there.ReceiveAsync("subscribed");
        await here.SubscribeAsync("h:a");
        Assert.Equal(1, (await nodes.A.PostAsync("publish", """{"channel":"h:a","content":"x","sender":"ann"}""")).Json.Number("seq"));
        foreach (var client in new[] { here, there })
            Assert.Equal("ann", (await client.ReceiveAsync("message")).Text("sender"));

        var listed = (await nodes.A.GetAsync("/api/channels?prefix=h:")).Json;
        Assert.Equal(
            ("h:a", 2), (listed.GetProperty("channels")[0].Text("channel"), listed.GetProperty("channels")[0].Number("subscribers")));
        Assert.Empty(listed.Texts("missing"));
        var described = (await nodes.B.GetAsync("/api/channels/h:a")).Json;
        Assert.Equal(
            (2, 2, 1), (described.Number("subscribers"), described.GetProperty("nodes").GetArrayLength(), described.Number("seq")));
        Assert.Equal(there.Connected.Text("node"), (await nodes.A.GetAsync("/api/connections/" + there.ConnectionId)).Json.Text("node"));
        Assert.Single((await nodes.B.GetAsync("/api/channels/h:a/history")).Json.GetProperty("messages").EnumerateArray());

        Assert.Equal(
            1,
            (await nodes.A.PostAsync("unsubscribe", $$"""{"connection":"{{there.ConnectionId}}","channel":"h:a"}"""))
                .Json.Number("connections"));
        Assert.Equal("removed", (await there.ReceiveAsync("unsubscribed")).Text("code"));
        Assert.Equal(1, (await nodes.A.PostAsync("disconnect", $$"""{"user":"{{there.User}}"}""")).Json.Number("connections"));
        Assert.Equal(4003, (await there.ReceiveAsync("disconnect")).Number("code"));
    }

    [Fact]
    public async Task Presence_is_that_of_all_nodes()
    {
        await using var nodes = await StartAsync();
        await using var here = await JsonClient.ConnectAsync(nodes.A);
        await using var there = await JsonClient.ConnectAsync(nodes.B);
        await here.SubscribeAsync("p:a");
        await there.SubscribeAsync("p:a");
        var presence = (await nodes.A.GetAsync("/api/channels/p:a/presence")).Json;
        Assert.Equal(new[] { here.User, there.User }.Order(), presence.Texts("users").Order());
        Assert.Equal(2, (await nodes.B.GetAsync("/api/channels/p:a")).Json.Number("users"));
    }

    [Fact]
    public async Task Nodes_are_listed_with_what_they_hold_and_one_that_stops_is_not()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var stays = await GatewayServer.StartAsync("Redis:Addresses=" + redis.Address, "Node=stays");
        await using (await GatewayServer.StartAsync("Redis:Addresses=" + redis.Address, "Node=goes"))
        {
            await Eventually.TrueAsync(async () => (await NodesAsync(stays)).SequenceEqual(["stays", "goes"]), "both are known");
            await using var client = await JsonClient.ConnectAsync(stays);
            await client.SubscribeAsync("a");
            var self = (await stays.GetAsync("/api/nodes")).Json.GetProperty("nodes")[0];
            Assert.Equal((1, 1, 1), (self.Number("connections"), self.Number("channels"), self.Number("subscriptions")));
        }
        await Eventually.TrueAsync(async () => (await NodesAsync(stays)).SequenceEqual(["stays"]), "the one that stopped is not listed");
    }

    [Fact]
    public async Task A_node_that_hangs_is_named_instead_of_holding_up_the_answer()
    {
        await using var redis = await RedisServer.StartAsync();
        string address = "Redis:Addresses=" + redis.Address;
        await using var server = await GatewayServer.StartAsync(address, "Node=well");
        await using var hanging = await GatewayProcess.StartAsync(address, "Node=hanging");
        await Eventually.TrueAsync(async () => (await NodesAsync(server)).Contains("hanging"), "both are known");
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");

        hanging.Pause();
        var listed = (await server.GetAsync("/api/channels")).Json;

        Assert.Equal(["hanging"], listed.Texts("missing"));
        Assert.Equal(1, listed.GetProperty("channels")[0].Number("subscribers"));
        // A node that has the connection itself needs no answer of the others.
        Assert.Equal(200, (await server.GetAsync("/api/connections/" + client.ConnectionId)).Status);
        Assert.Contains("hanging", (await server.GetAsync("/api/connections/elsewhere")).Json.Text("detail"), StringComparison.Ordinal);
        await Eventually.TrueAsync(async () => (await NodesAsync(server)).SequenceEqual(["well"]), "the silent node is forgotten");
    }

    [Fact]
    public async Task Nodes_find_each_other_again_after_redis_was_away()
    {
        await using var nodes = await StartAsync();
        await nodes.Redis.RestartAsync(keepData: false);
        await nodes.ReadyAsync();
        await using var there = await JsonClient.ConnectAsync(nodes.B);
        await Eventually.TrueAsync(
            async () => (await nodes.A.GetAsync("/api/connections/" + there.ConnectionId)).Status == 200, "the other node answers again");
    }

    private static async Task<TwoNodes> StartAsync()
    {
        var nodes = await TwoNodes.StartAsync();
        foreach (var node in new[] { nodes.A, nodes.B })
            await Eventually.TrueAsync(async () => (await NodesAsync(node)).Count == 2, "both are known");
        return nodes;
    }

    private static async Task<List<string>> NodesAsync(GatewayServer server) =>
        [.. (await server.GetAsync("/api/nodes")).Json.GetProperty("nodes").EnumerateArray().Select(node => node.Text("node"))];
}
