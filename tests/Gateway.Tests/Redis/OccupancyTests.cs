using Gateway.Tests.Hooks;
using Gateway.Tests.Redis.Faults;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis;

/// <summary>Occupancy of channels and users on all nodes taken together, with each change sent by one node.</summary>
public sealed class OccupancyTests
{
    [Fact]
    public async Task A_channel_is_occupied_by_its_first_subscriber_anywhere_and_vacated_by_its_last()
    {
        await using var backend = await Backend.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address, backend.Settings(Occupancy.Events));
        await using var b = await Node.StartAsync(redis.Address, backend.Settings(Occupancy.Events));
        await using var first = await JsonClient.ConnectAsync(a);
        await using var second = await JsonClient.ConnectAsync(b);

        await first.SubscribeAsync("x");
        await second.SubscribeAsync("x");
        await redis.HasAsync("cx", nodes: 2);
        await first.UnsubscribeAsync("x");
        await redis.HasAsync("cx", nodes: 1);
        Assert.Equal(["occupied"], backend.EventsOf("x"));
        await second.UnsubscribeAsync("x");
        await redis.HasAsync("cx", nodes: 0);
        Assert.Equal(["occupied", "vacated"], backend.EventsOf("x"));
        await first.SubscribeAsync("x");
        await redis.HasAsync("cx", nodes: 1);

        Assert.Equal(["occupied", "vacated", "occupied"], backend.EventsOf("x"));
        Assert.All(backend.Events, one => Assert.True(one.GetProperty("cluster").GetBoolean()));
        Assert.All(backend.Events, one => Assert.False(one.Has("connection")));
    }

    [Fact]
    public async Task A_user_is_online_from_the_first_connection_anywhere_to_the_last()
    {
        await using var backend = await Backend.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address, backend.Settings(Occupancy.Events));
        await using var b = await Node.StartAsync(redis.Address, backend.Settings(Occupancy.Events));
        await using var nobody = await JsonClient.ConnectAsync(a);
        await using (await JsonClient.ConnectAsync(a, "?user=ann"))
        {
            await using (await JsonClient.ConnectAsync(a, "?user=ann"))
            await using (await JsonClient.ConnectAsync(b, "?user=ann"))
                await redis.HasAsync("uann", nodes: 2);
            await redis.HasAsync("uann", nodes: 1);
            Assert.Equal(["online"], backend.EventsOf("ann"));
        }
        await redis.HasAsync("uann", nodes: 0);

        Assert.Equal(["online", "offline"], backend.EventsOf("ann"));
        // An anonymous user, named for one connection only, was there first.
        Assert.Equal(2, backend.Events.Count);
    }

    [Fact]
    public async Task A_node_that_drains_leaves_what_it_had_and_tells_what_nobody_else_has()
    {
        await using var backend = await Backend.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        // Longer than any test waits: no event comes from an expiry.
        string[] settings = backend.Settings(Occupancy.Events, "Presence:TimeToLive=01:00:00");
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var leaving = await Node.StartAsync(proxy.Address, settings);
        await using var other = await Node.StartAsync(redis.Address, settings);
        await using var bob = await JsonClient.ConnectAsync(leaving, "?user=bob");
        await using var ann = await JsonClient.ConnectAsync(other, "?user=ann");
        await bob.SubscribeAsync("both");
        await bob.SubscribeAsync("alone");
        await ann.SubscribeAsync("both");
        await redis.HasAsync("cboth", nodes: 2);

        // The node gets the change after all else of it has stopped.
        proxy.DelayReplies(TimeSpan.FromMilliseconds(400));
        var stopping = leaving.StopAsync();
        while (await bob.ReceiveTextAsync() is not null)
        {
        }
        await bob.DisposeAsync();
        await stopping;

        // The node has sent the change when it has stopped.
        Assert.Equal(["occupied", "vacated"], backend.EventsOf("alone"));
        Assert.Equal(["online", "offline"], backend.EventsOf("bob"));
        Assert.Equal(["occupied"], backend.EventsOf("both"));
        await redis.HasAsync("cboth", nodes: 1);
        await redis.HasAsync("calone", nodes: 0);
        await ann.UnsubscribeAsync("both");
        await backend.SaysAsync("vacated", "both");
    }

    [Fact]
    public async Task However_fast_a_thousand_channels_come_and_go_on_three_nodes_each_is_told_in_turns()
    {
        const int Channels = 1000;
        await using var backend = await Backend.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        string[] settings = backend.Settings("occupied,vacated", "Limits:ChannelsPerConnection=2000");
        await using var a = await Node.StartAsync(redis.Address, settings);
        await using var b = await Node.StartAsync(redis.Address, settings);
        await using var c = await Node.StartAsync(redis.Address, settings);
        var subscribed = new HashSet<string>();
        var clients = await Task.WhenAll(new[] { a, b, c }.Select(async (node, number) =>
        {
            var random = new Random(number);
            var client = await JsonClient.ConnectAsync(node);
            var own = new HashSet<string>();
            for (int i = 0; i < 6000; i++)
            {
                string channel = $"c{random.Next(Channels)}";
                string type = own.Remove(channel) ? "unsubscribe" : "subscribe";
                if (type == "subscribe")
                    own.Add(channel);
                await client.AskAsync($$"""{"type":"{{type}}","channel":"{{channel}}"}""", type + "d");
            }
            lock (subscribed)
                subscribed.UnionWith(own);
            return client;
        }));

        // Ordered by version, the events end with the truth.
        await Eventually.TrueAsync(() => Occupied().SetEquals(subscribed), "all is told");
        var events = backend.Events;
        Assert.True(events.Count > 2 * Channels, $"{events.Count} changes");
        foreach (var channel in events.GroupBy(one => one.Text("channel")))
        {
            Assert.Equal(channel.Count(), channel.DistinctBy(one => one.Number("version")).Count());
            var types = channel.OrderBy(one => one.Number("version")).Select(one => one.Text("type"));
            Assert.Equal(types.Select((_, i) => i % 2 == 0 ? "occupied" : "vacated"), types);
        }
        // And in the end nothing of it is left.
        foreach (var client in clients)
            await client.DisposeAsync();
        await Eventually.TrueAsync(async () => await redis.CommandAsync("DBSIZE") == "0", "nothing is left");
        Assert.Empty(Occupied());

        HashSet<string> Occupied() =>
        [
            .. backend.Events.GroupBy(one => one.Text("channel")).Select(channel => channel.MaxBy(one => one.Number("version")))
                .Where(last => last.Text("type") == "occupied").Select(last => last.Text("channel")),
        ];
    }

    [Fact]
    public async Task In_a_cluster_the_names_are_spread_over_its_servers()
    {
        await using var backend = await Backend.StartAsync();
        await using var cluster = await RedisCluster.StartAsync();
        await using var a = await Node.StartAsync(cluster.Address, backend.Settings(Occupancy.Events));
        await using var b = await Node.StartAsync(cluster.Address, backend.Settings(Occupancy.Events));
        await AssertToldOnceAsync(backend, a, b);
    }

    [Fact]
    public async Task With_several_servers_each_has_the_names_of_its_own_channels()
    {
        await using var backend = await Backend.StartAsync();
        await using var first = await RedisServer.StartAsync();
        await using var second = await RedisServer.StartAsync();
        string addresses = first.Address + ";" + second.Address;
        await using var a = await Node.StartAsync(addresses, backend.Settings(Occupancy.Events));
        await using var b = await Node.StartAsync(addresses, backend.Settings(Occupancy.Events));

        await AssertToldOnceAsync(backend, a, b, async () =>
        {
            foreach (var server in new[] { first, second })
                Assert.NotEqual("", await server.CommandAsync("KEYS", "gateway:op:*"));
        });
    }

    [Fact]
    public async Task Without_occupancy_events_nothing_of_them_is_in_Redis()
    {
        await using var backend = await Backend.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address, backend.Settings("connected,subscribed"));
        await using var client = await JsonClient.ConnectAsync(node, "?user=ann");
        await client.SubscribeAsync("x");
        await backend.EventsAsync(2);

        Assert.Equal("0", await redis.CommandAsync("DBSIZE"));
    }

    [Theory]
    [InlineData("online,offline", "uann", "cx")]
    [InlineData("vacated", "cx", "uann")]
    public async Task Only_what_is_to_be_told_is_in_Redis_and_nothing_of_it_stays(string events, string wanted, string unwanted)
    {
        await using var backend = await Backend.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address, backend.Settings(events, "Presence:TimeToLive=00:00:02"));
        await using (var client = await JsonClient.ConnectAsync(node, "?user=ann"))
        {
            await client.SubscribeAsync("x");
            await redis.HasAsync(wanted, nodes: 1);
            await redis.HasAsync(unwanted, nodes: 0);
            foreach (string key in (await redis.CommandAsync("KEYS", "*")).Split('\n'))
                Assert.NotEqual("-1", await redis.CommandAsync("PTTL", key));
        }
        await Eventually.TrueAsync(async () => await redis.CommandAsync("DBSIZE") == "0", "nothing is left");
    }

    /// <summary>Twelve channels and as many users, each on both nodes.</summary>
    private static async Task AssertToldOnceAsync(Backend backend, GatewayServer a, GatewayServer b, Func<Task>? meanwhile = null)
    {
        string[] channels = [.. Enumerable.Range(0, 12).Select(i => $"c{i}z")];
        string[] users = [.. Enumerable.Range(0, 12).Select(i => $"u{i}z")];
        var clients = new List<JsonClient>();
        foreach (var (node, i) in new[] { a, b }.SelectMany(node => Enumerable.Range(0, users.Length).Select(i => (node, i))))
        {
            var client = await JsonClient.ConnectAsync(node, $"?user={users[i]}");
            clients.Add(client);
            await client.SubscribeAsync(channels[i]);
        }
        await Task.WhenAll(channels.Select(channel => backend.SaysAsync("occupied", channel)));
        await Task.WhenAll(users.Select(user => backend.SaysAsync("online", user)));
        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        foreach (var client in clients)
            await client.DisposeAsync();
        await Task.WhenAll(channels.Select(channel => backend.SaysAsync("vacated", channel)));
        await Task.WhenAll(users.Select(user => backend.SaysAsync("offline", user)));

        Assert.All(channels, channel => Assert.Equal(["occupied", "vacated"], backend.EventsOf(channel)));
        Assert.All(users, user => Assert.Equal(["online", "offline"], backend.EventsOf(user)));
    }
}
