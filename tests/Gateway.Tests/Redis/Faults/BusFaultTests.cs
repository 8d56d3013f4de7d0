using System.Text.Json;
using Gateway.Tests.Api;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>Faults of the way between nodes, while clients' messages go on. Nodes that were not reached are named.</summary>
public sealed class BusFaultTests
{
    /// <summary>
    /// The commands on the connection on which a node speaks to the others. Another connection subscribes to it, and has done so by then.
    /// </summary>
    private const string Heartbeat = "gateway:nodes";

    [Fact]
    public async Task A_command_link_that_went_silent_is_noticed_and_replaced_while_its_subscriptions_live()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var a = await Node.StartAsync(redis.Address, "Node=a");
        await using var b = await Node.StartAsync(proxy.Address, "Node=b");
        await KnowEachOtherAsync(a, b);
        await using var ann = await JsonClient.ConnectAsync(b, "?user=ann");

        proxy.SwallowFrom(Heartbeat);
        await Eventually.TrueAsync(async () => (await MissingAsync(b)).SequenceEqual(["a"]), "b cannot ask a");
        await Eventually.TrueAsync(async () => (await MissingAsync(b)).Length == 0, "b can ask a again");

        await KnowEachOtherAsync(a, b);
        var closed = (await a.PostAsync("disconnect", """{"user":"ann"}""")).Json;
        Assert.Equal(1, closed.Number("connections"));
        Assert.Empty(closed.Texts("missing"));
        Assert.Equal(4003, (await ann.ReceiveAsync("disconnect")).Number("code"));
    }

    [Fact]
    public async Task A_node_that_cannot_speak_to_the_others_says_so_and_is_named_by_them_until_it_can()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var a = await Node.StartAsync(redis.Address, "Node=a");
        await using var b = await Node.StartAsync(proxy.Address, "Node=b");
        await KnowEachOtherAsync(a, b);

        proxy.Refuse();
        proxy.SwallowFrom(Heartbeat);
        await Eventually.TrueAsync(async () => (await ReadyAsync(b)).Has("degraded"), "b says that it cannot reach the others");

        Assert.Equal("ready", (await ReadyAsync(b)).Text("status"));
        Assert.False((await ReadyAsync(a)).Has("degraded"));
        Assert.Equal(["a"], (await b.PostAsync("disconnect", """{"user":"ann"}""")).Json.Texts("missing"));
        await Eventually.TrueAsync(async () => (await a.GetAsync("/api/nodes")).Json.Texts("missing").SequenceEqual(["b"]), "a misses b");
        Assert.Single((await a.GetAsync("/api/nodes")).Json.GetProperty("nodes").EnumerateArray());
        Assert.Equal(["b"], (await a.PostAsync("disconnect", """{"user":"ann"}""")).Json.Texts("missing"));
        Assert.Equal(["b"], (await a.GetAsync("/api/channels")).Json.Texts("missing"));

        proxy.Resume();
        await KnowEachOtherAsync(a, b);
        await Eventually.TrueAsync(async () => !(await ReadyAsync(b)).Has("degraded"), "b reaches the others again");
        Assert.Empty((await a.PostAsync("disconnect", """{"user":"ann"}""")).Json.Texts("missing"));
    }

    [Fact]
    public async Task A_master_that_became_a_replica_is_left_for_the_one_where_the_others_are()
    {
        await using var first = await RedisServer.StartAsync();
        await using var second = await RedisServer.StartAsync();
        await using var stays = TcpProxy.Start(first.Port);
        await using var moves = TcpProxy.Start(first.Port);
        await using var a = await Node.StartAsync(stays.Address, "Node=a");
        await using var b = await Node.StartAsync(moves.Address, "Node=b");
        await KnowEachOtherAsync(a, b);
        await second.FollowAsync(first);
        await second.PromoteAsync();
        await first.FollowAsync(second);

        stays.Redirect(second.Port, cut: false);
        moves.Redirect(second.Port, cut: true);

        await Eventually.TrueAsync(
            async () => (await MissingAsync(a)).Length == 0 && (await MissingAsync(b)).Length == 0, "the nodes can ask each other");
        await KnowEachOtherAsync(a, b);
    }

    [Fact]
    public async Task A_node_without_Redis_goes_on_naming_the_others()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var a = await Node.StartAsync(redis.Address, "Node=a");
        await using var b = await Node.StartAsync(proxy.Address, "Node=b");
        await KnowEachOtherAsync(a, b);

        proxy.Refuse();
        proxy.Cut();
        await Eventually.TrueAsync(async () => (await b.GetAsync("/api/nodes")).Json.Texts("missing").SequenceEqual(["a"]), "b misses a");

        Assert.Equal(["a"], (await b.PostAsync("disconnect", """{"user":"ann"}""")).Json.Texts("missing"));
        proxy.Resume();
        await KnowEachOtherAsync(a, b);
    }

    [Fact]
    public async Task A_killed_node_is_named_without_being_waited_for_and_one_that_stops_is_not()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await TimedNode.StartAsync(redis.Address, "Node=a");
        var a = node.Server;
        await using var killed = await GatewayProcess.StartAsync(Node.Settings(redis.Address, "Node=killed"));
        await using (var stopped = await Node.StartAsync(redis.Address, "Node=stopped"))
            await Eventually.TrueAsync(async () => (await NodesAsync(a)).GetProperty("nodes").GetArrayLength() == 3, "all are known");

        killed.Kill();
        await node.PassUntilAsync(Eventually.TrueAsync(
            async () => (await NodesAsync(a)).GetProperty("nodes").GetArrayLength() == 1, "nobody else is heard of"));

        Assert.Equal(["killed"], (await NodesAsync(a)).Texts("missing"));
        // Time stands still: an answer that waited for the killed node would not come.
        Assert.Equal(["killed"], (await a.PostAsync("disconnect", """{"user":"ann"}""")).Json.Texts("missing"));

        await using var back = await GatewayProcess.StartAsync(Node.Settings(redis.Address, "Node=killed"));
        await node.PassUntilAsync(Eventually.TrueAsync(
            async () => IsWhole(await NodesAsync(a), count: 2), "the same node, started again, takes its place"));
    }

    [Fact]
    public async Task A_server_that_became_a_replica_is_left_for_the_one_that_took_over()
    {
        await using var first = await RedisServer.StartAsync();
        await using var second = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(first.Port);
        await using var a = await Node.StartAsync(proxy.Address, "Node=a");
        await second.FollowAsync(first);
        await second.PromoteAsync();
        await first.FollowAsync(second);

        proxy.Redirect(second.Port, cut: false);
        await using var b = await Node.StartAsync(second.Address, "Node=b");

        // A message published on a replica reaches only the clients that are connected there.
        await KnowEachOtherAsync(a, b);
        await using var ann = await JsonClient.ConnectAsync(a, "?user=ann");
        Assert.Equal(1, (await b.PostAsync("disconnect", """{"user":"ann"}""")).Json.Number("connections"));
    }

    private static async Task KnowEachOtherAsync(params GatewayServer[] nodes)
    {
        foreach (var node in nodes)
            await Eventually.TrueAsync(async () => IsWhole(await NodesAsync(node), nodes.Length), "all nodes are known");
    }

    private static bool IsWhole(JsonElement list, int count) =>
        list.GetProperty("nodes").GetArrayLength() == count && list.Texts("missing").Length == 0;

    /// <summary>The nodes that did not answer a question to all.</summary>
    private static async Task<string[]> MissingAsync(GatewayServer node) => (await node.GetAsync("/api/stats")).Json.Texts("missing");

    private static async Task<JsonElement> NodesAsync(GatewayServer node) => (await node.GetAsync("/api/nodes")).Json;

    private static async Task<JsonElement> ReadyAsync(GatewayServer node) => (await node.GetAsync("/health/ready")).Json;
}
