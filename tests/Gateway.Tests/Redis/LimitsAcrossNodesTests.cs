using System.Collections.Concurrent;
using System.Diagnostics;
using Gateway.Server.Cluster;
using Gateway.TestSupport;
using Gateway.Tests.Api;
using Gateway.Tests.Auth;
using Gateway.Tests.Redis.Faults;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace Gateway.Tests.Redis;

/// <summary>
/// <c>Limits:ConnectionsPerUser</c> and <c>Limits:HandshakesPerSecondPerAddress</c> on real nodes that share a real Redis.
/// </summary>
public sealed class LimitsAcrossNodesTests
{
    private const int Limit = 60;

    private static readonly string[] PerUser = [$"Limits:ConnectionsPerUser={Limit}"];

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Connections_of_one_user_that_come_to_all_nodes_at_once_are_let_in_up_to_the_limit(int count)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var nodes = await Several.StartAsync(redis.Address, count, PerUser);

        var opened = (await Task.WhenAll(nodes.All.Select(node => OpenAsync(node, Limit)))).SelectMany(each => each).ToList();

        Assert.InRange(opened.Count(reply => reply.Status == 101), Limit * 0.9, Limit * 1.1);
        Assert.All(opened.Where(reply => reply.Status != 101), reply =>
            Assert.Equal((429, "rate_limited"), (reply.Status, reply.Reply.Json("error"))));
        // Another user is let in everywhere.
        foreach (var node in nodes.All)
        {
            await using var bob = await JsonClient.ConnectAsync(node, "?user=bob");
        }
        await EndAsync(opened);
    }

    [Fact]
    public async Task Connections_that_came_one_after_the_other_count_on_all_nodes_until_they_end()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var nodes = await Several.StartAsync(redis.Address, 2, PerUser);
        var here = await OpenAsync(nodes.All[0], Limit);
        Assert.All(here, reply => Assert.Equal(101, reply.Status));

        // The other node has no connection of its own, and knows only the first node's counts.
        var there = await OpenAsync(nodes.All[1], 5);
        Assert.All(there, reply => Assert.Equal(429, reply.Status));

        await EndAsync(here[..10]);
        await Eventually.TrueAsync(async () => await OneMoreAsync(nodes.All[1]), "there is room again");
        await EndAsync([.. here, .. there]);
    }

    [Fact]
    public async Task A_user_who_signs_in_after_the_upgrade_is_counted_on_all_nodes_too()
    {
        await using var redis = await RedisServer.StartAsync();
        string[] settings = ["Redis:Addresses=" + redis.Address, "Auth:Secret=" + TokenServer.Secret, "Limits:ConnectionsPerUser=2"];
        await using var a = await GatewayServer.StartAsync(settings);
        await using var b = await GatewayServer.StartAsync(settings);
        await KnowEachOtherAsync(a, b);
        string token = TokenServer.Key.Token("ann", DateTimeOffset.UtcNow.AddHours(1));
        await using var first = await JsonClient.ConnectAsync(a, "?token=" + token);
        await using var second = await JsonClient.ConnectAsync(b, "?token=" + token);

        await using var third = await JsonClient.OpenAsync(a.WebSocketUri);
        await third.SendAsync($$"""{"type":"auth","token":"{{token}}"}""");
        Assert.Equal(1013, (await third.ReceiveAsync("disconnect")).Number("code"));
    }

    [Fact]
    public async Task While_Redis_is_away_each_node_is_for_itself_and_afterwards_no_more()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var nodes = await Several.StartAsync(redis.Address, 2, PerUser);
        var here = await OpenAsync(nodes.All[0], Limit);
        Assert.Equal(429, (await OpenAsync(nodes.All[1], 1))[0].Status);

        redis.Kill();
        await Eventually.TrueAsync(() => nodes.All.All(node => Peers(node).Reachable == 1), "both know that they are alone");

        var there = await OpenAsync(nodes.All[1], Limit + 5);
        Assert.Equal(Limit, there.Count(reply => reply.Status == 101));
        await redis.RestartAsync(keepData: false);
        await KnowEachOtherAsync(nodes.All);
        await EndAsync(here[..5]);
        await Eventually.TrueAsync(
            async () => (await OpenAsync(nodes.All[0], 1))[0].Status == 429, "what is on the other node counts again");
        await EndAsync([.. here, .. there]);
    }

    [Fact]
    public async Task Connections_of_a_killed_node_stop_counting_and_those_of_one_that_stops_do_at_once()
    {
        await using var redis = await RedisServer.StartAsync();
        string[] settings = ["Auth:Secret=" + TokenServer.Secret, .. PerUser];
        string token = "/ws?token=" + TokenServer.Key.Token("ann", DateTimeOffset.UtcNow.AddHours(1));
        await using var survivor = await GatewayServer.StartAsync(["Redis:Addresses=" + redis.Address, .. settings]);
        await using var killed = await GatewayProcess.StartAsync(Node.Settings(redis.Address, settings));
        await using var stopping = await GatewayServer.StartAsync(["Redis:Addresses=" + redis.Address, .. settings]);
        await Eventually.TrueAsync(() => Peers(survivor).Reachable == 3 && Peers(stopping).Reachable == 3, "they know each other");
        var onKilled = await OpenAsync(killed.PublicPort, token, Limit / 2);
        var onStopping = await OpenAsync(stopping.PublicPort, token, Limit / 2);
        Assert.All(onKilled.Concat(onStopping), reply => Assert.Equal(101, reply.Status));
        Assert.Equal(429, (await OpenAsync(survivor.PublicPort, token, 1))[0].Status);

        await stopping.StopAsync();
        var first = new List<Opened>();
        await Eventually.TrueAsync(() => FillAsync(first, Limit / 2), "the stopped one's place is free");

        killed.Kill();
        await Eventually.TrueAsync(() => FillAsync(first, Limit), "the killed one's place is free");
        Assert.Equal(429, (await OpenAsync(survivor.PublicPort, token, 1))[0].Status);
        await EndAsync([.. first, .. onKilled, .. onStopping]);

        async Task<bool> FillAsync(List<Opened> opened, int count)
        {
            var more = await OpenAsync(survivor.PublicPort, token, 1);
            opened.AddRange(more.Where(reply => reply.Status == 101));
            return opened.Count == count;
        }
    }

    [Fact]
    public async Task Handshakes_of_one_address_on_three_nodes_are_let_through_at_the_rate_of_one()
    {
        const int Rate = 50;
        await using var redis = await RedisServer.StartAsync();
        await using var nodes = await Several.StartAsync(redis.Address, 3, $"Limits:HandshakesPerSecondPerAddress={Rate}");
        var clock = Stopwatch.StartNew();

        int[] let = await Task.WhenAll(nodes.All.SelectMany(node => Enumerable.Repeat(node, 2)).Select(async node =>
        {
            int count = 0;
            while (clock.Elapsed < TimeSpan.FromSeconds(6))
            {
                // 400 is what those get that are let in to be judged.
                int status = await AskAsync(node);
                Assert.Contains(status, new[] { 400, 429 });
                count += status == 400 ? 1 : 0;
                await Task.Delay(2);
            }
            return count;
        }));

        double allowed = (Rate * clock.Elapsed.TotalSeconds) + Rate;
        Assert.InRange(let.Sum(), allowed * 0.9, allowed * 1.1);

        redis.Kill();
        await Eventually.TrueAsync(() => nodes.All.All(node => Peers(node).Reachable == 1), "each knows that it is alone");
        foreach (var node in nodes.All)
            await Eventually.TrueAsync(async () => await AskAsync(node) == 400, "each lets through again");
    }

    [Fact]
    public async Task Users_and_addresses_far_from_their_limits_are_not_spoken_of()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var listener = await ConnectionMultiplexer.ConnectAsync(redis.Address);
        var bus = new ConcurrentQueue<string>();
        await listener.GetSubscriber().SubscribeAsync(RedisChannel.Pattern("gateway:node*"), (_, message) => bus.Enqueue((string)message!));
        await using var nodes = await Several.StartAsync(
            redis.Address, 3, "Limits:ConnectionsPerUser=60", "Limits:HandshakesPerSecondPerAddress=1000");
        var opened = new List<Opened>();
        foreach (var node in nodes.All)
        {
            opened.AddRange(await OpenAsync(node, 10));
            opened.AddRange(await OpenAsync(node.PublicPort, "/ws?user=bob", 10));
        }
        Assert.All(opened, reply => Assert.Equal(101, reply.Status));
        Assert.Equal(101, (await OpenAsync(nodes.All[0].PublicPort, "/ws?user=carol", 11))[^1].Status);
        await Eventually.TrueAsync(
            () => bus.Any(message => message.Contains("carol", StringComparison.Ordinal)), "the eleventh was asked for");

        Assert.DoesNotContain(bus, message => message.Contains("\"ann\"", StringComparison.Ordinal));
        Assert.DoesNotContain(bus, message => message.Contains("\"bob\"", StringComparison.Ordinal));
        Assert.DoesNotContain(bus, message => message.Contains("handshakes", StringComparison.Ordinal));
        await EndAsync(opened);
    }

    [Fact]
    public async Task A_node_of_a_version_that_answers_no_claim_is_not_waited_for()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address, PerUser);
        await Eventually.TrueAsync(
            async () =>
            {
                await redis.CommandAsync(
                    "PUBLISH", "gateway:nodes",
                    """
                    {"from":"old","here":{"id":"old","node":"old","address":"","version":"0.0.1","started":1,
                    "connections":0,"channels":0,"subscriptions":0}}
                    """);
                return Peers(node).Reachable == 2;
            },
            "it is heard of");
        Assert.Empty(((IPeerNodes)Peers(node)).Counting);
        var opened = await OpenAsync(node, Limit + 1);
        Assert.Equal(Limit, opened.Count(reply => reply.Status == 101));
        await EndAsync(opened);
    }

    private static NodeRegistry Peers(GatewayServer node) => node.Services.GetRequiredService<NodeRegistry>();

    private static Task KnowEachOtherAsync(params GatewayServer[] nodes) =>
        Eventually.TrueAsync(() => nodes.All(node => Peers(node).Reachable == nodes.Length), "they know each other");

    private static async Task<bool> OneMoreAsync(GatewayServer node)
    {
        var one = await OpenAsync(node, 1);
        bool isLetIn = one[0].Status == 101;
        await EndAsync(one);
        return isLetIn;
    }

    private static Task<Opened[]> OpenAsync(GatewayServer node, int count) => OpenAsync(node.PublicPort, "/ws?user=ann", count);

    /// <summary>Opens so many at once, whether they are let in or not.</summary>
    private static Task<Opened[]> OpenAsync(int port, string path, int count) => Task.WhenAll(Enumerable.Range(0, count).Select(async _ =>
    {
        var client = await RawWebSocket.ConnectTcpAsync(port);
        await client.SendTextAsync(RawWebSocket.UpgradeRequest(path));
        return new Opened(client, await client.ReadReplyAsync());
    }));

    private static async Task<int> AskAsync(GatewayServer node)
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(node.PublicPort);
        await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws", "Sec-WebSocket-Protocol: unknown"));
        return (await client.ReadReplyAsync()).Status;
    }

    private static async Task EndAsync(IEnumerable<Opened> opened)
    {
        foreach (var each in opened)
            await each.Client.DisposeAsync();
    }

    private sealed record Opened(RawWebSocket Client, HttpReply Reply)
    {
        public int Status => Reply.Status;
    }

    /// <summary>Nodes that know each other.</summary>
    private sealed class Several(GatewayServer[] nodes) : IAsyncDisposable
    {
        public GatewayServer[] All => nodes;

        public static async Task<Several> StartAsync(string redis, int count, params string[] settings)
        {
            var nodes = new List<GatewayServer>();
            for (int i = 0; i < count; i++)
                nodes.Add(await Node.StartAsync(redis, [$"Node=node-{i}", .. settings]));
            await KnowEachOtherAsync([.. nodes]);
            return new Several([.. nodes]);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var node in nodes)
                await node.DisposeAsync();
        }
    }
}
