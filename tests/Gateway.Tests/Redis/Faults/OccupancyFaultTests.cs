using Gateway.Tests.Hooks;
using Gateway.TestSupport;
using Microsoft.AspNetCore.Http;

namespace Gateway.Tests.Redis.Faults;

/// <summary>Occupancy under faults: the last event of a channel or a user becomes true again, and may come twice.</summary>
public sealed class OccupancyFaultTests
{
    private const string Soon = "Presence:TimeToLive=00:00:03";

    [Fact]
    public async Task The_end_of_what_only_a_killed_node_had_is_sent_by_another_within_the_time_to_live()
    {
        await using var backend = await Backend.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using var doomed = await GatewayProcess.StartAsync(
            Node.Settings(redis.Address, backend.Settings(Occupancy.Events, Soon, "Node=doomed")));
        await using var other = await Node.StartAsync(redis.Address, backend.Settings(Occupancy.Events, Soon, "Node=other"));
        await doomed.IsReadyAsync();
        await using var first = await JsonClient.ConnectAsync(doomed.WebSocketUri);
        await using var second = await JsonClient.ConnectAsync(other, "?user=ann");
        await first.SubscribeAsync("alone");
        await first.SubscribeAsync("both");
        await second.SubscribeAsync("both");
        await redis.HasAsync("calone", nodes: 1);
        await redis.HasAsync("cboth", nodes: 2);

        doomed.Kill();

        await backend.SaysAsync("vacated", "alone");
        Assert.Equal(["occupied", "vacated"], backend.EventsOf("alone"));
        Assert.Contains(backend.Requests, request => request.Json.Text("node") == "other"
            && request.Json.GetProperty("events").EnumerateArray().Any(one => Backend.Describe(one) == "vacated alone"));
        await redis.HasAsync("cboth", nodes: 1);
        Assert.Equal(["occupied"], backend.EventsOf("both"));
        Assert.Equal(["online"], backend.EventsOf("ann"));
    }

    [Fact]
    public async Task Events_that_a_killed_node_had_yet_to_send_are_sent_by_another()
    {
        await using var backend = await Backend.StartAsync();
        backend.OnEvents = (context, request) =>
        {
            bool isRefused = request.Json.Text("node") == "doomed" && request.Json.ToString().Contains("vacated", StringComparison.Ordinal);
            context.Response.StatusCode = isRefused ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        };
        await using var redis = await RedisServer.StartAsync();
        await using var doomed = await GatewayProcess.StartAsync(
            Node.Settings(redis.Address, backend.Settings(Occupancy.Events, Soon, "Node=doomed")));
        await using var other = await Node.StartAsync(redis.Address, backend.Settings(Occupancy.Events, Soon, "Node=other"));
        await doomed.IsReadyAsync();
        await using var client = await JsonClient.ConnectAsync(doomed.WebSocketUri);
        // Many, so that chance does not save them all.
        string[] channels = [.. Enumerable.Range(0, 20).Select(i => $"x{i}")];
        foreach (string channel in channels)
        {
            await client.SubscribeAsync(channel);
            await redis.HasAsync("c" + channel, nodes: 1);
        }
        foreach (string channel in channels)
            await client.UnsubscribeAsync(channel);
        await Task.WhenAll(channels.Select(channel => redis.HasUnsentAsync("c" + channel)));
        // The node lives, and so the changes stay with it for longer than they would without it.
        await redis.PassesAsync(await redis.LastExpiryOfAllAsync("gateway:ou:*"));
        Assert.All(channels, channel => Assert.Equal(["occupied"], backend.EventsOf(channel)));

        doomed.Kill();

        await Task.WhenAll(channels.Select(channel => backend.SaysAsync("vacated", channel)));
        await Task.WhenAll(channels.Select(channel => redis.HasAsync("c" + channel, nodes: 0)));
        Assert.All(channels, channel => Assert.Equal(["occupied", "vacated"], backend.EventsOf(channel)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task When_Redis_loses_its_data_all_is_put_in_again(bool flushed)
    {
        await using var backend = await Backend.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address, backend.Settings(Occupancy.Events, Soon));
        await using var b = await Node.StartAsync(redis.Address, backend.Settings(Occupancy.Events, Soon));
        await using var ann = await JsonClient.ConnectAsync(a, "?user=ann");
        await using var bob = await JsonClient.ConnectAsync(b, "?user=bob");
        foreach (string channel in new[] { "both", "left", "kept" })
            await ann.SubscribeAsync(channel);
        await bob.SubscribeAsync("both");
        await redis.HasAsync("cboth", nodes: 2);
        await redis.HasAsync("cleft", nodes: 1);
        await redis.HasAsync("ckept", nodes: 1);

        if (flushed)
        {
            await redis.FlushAllAsync();
            await ann.UnsubscribeAsync("left");
        }
        else
        {
            redis.Kill();
            // Nobody can hear of it now.
            await ann.UnsubscribeAsync("left");
            await redis.RestartAsync(keepData: false);
        }

        await backend.SaysAsync("vacated", "left");
        await redis.HasAsync("cboth", nodes: 2);
        await redis.HasAsync("ckept", nodes: 1);
        await redis.HasAsync("uann", nodes: 1);
        await redis.HasAsync("cleft", nodes: 0);
        Assert.Equal("vacated", backend.EventsOf("left")[^1]);
        // The events may have come twice, and no others.
        Assert.All(backend.EventsOf("both"), type => Assert.Equal("occupied", type));
        Assert.All(backend.EventsOf("kept"), type => Assert.Equal("occupied", type));
        Assert.All(backend.EventsOf("ann"), type => Assert.Equal("online", type));

        await ann.UnsubscribeAsync("both");
        await redis.HasAsync("cboth", nodes: 1);
        await bob.UnsubscribeAsync("both");
        await ann.UnsubscribeAsync("kept");
        await backend.SaysAsync("vacated", "both");
        await backend.SaysAsync("vacated", "kept");
    }

    [Fact]
    public async Task Changes_while_Redis_was_away_are_sent_when_it_is_back()
    {
        await using var backend = await Backend.StartAsync();
        await using var redis = await RedisServer.StartAsync(persistent: true);
        await using var node = await Node.StartAsync(redis.Address, backend.Settings(Occupancy.Events));
        await using var bob = await JsonClient.ConnectAsync(node, "?user=bob");
        await bob.SubscribeAsync("kept");
        await bob.SubscribeAsync("left");
        await redis.HasAsync("ckept", nodes: 1);
        await redis.HasAsync("cleft", nodes: 1);

        redis.Kill();
        await node.IsNotReadyAsync();
        await bob.UnsubscribeAsync("left");
        await using (await JsonClient.ConnectAsync(node, "?user=brief"))
        {
        }
        await using var ann = await JsonClient.ConnectAsync(node, "?user=ann");
        await redis.RestartAsync(keepData: true);

        await backend.SaysAsync("vacated", "left");
        await backend.SaysAsync("online", "ann");
        await redis.HasAsync("ckept", nodes: 1);
        Assert.Equal(["occupied"], backend.EventsOf("kept"));
        Assert.Equal(["occupied", "vacated"], backend.EventsOf("left"));
        Assert.Equal(["online"], backend.EventsOf("ann"));
        Assert.Equal(["online"], backend.EventsOf("bob"));
        // The backend had never heard of this channel, so its end needs no event.
        Assert.Empty(backend.EventsOf("brief"));
    }

    [Fact]
    public async Task A_change_with_a_lost_answer_is_sent()
    {
        await using var backend = await Backend.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var node = await Node.StartAsync(proxy.Address, backend.Settings(Occupancy.Events));
        // Nothing of what the node says when it starts is to be under way any more.
        await using (await JsonClient.ConnectAsync(node, "?user=ann"))
            await redis.HasAsync("uann", nodes: 1);
        await redis.HasAsync("uann", nodes: 0);
        proxy.DelayReplies(TimeSpan.FromMinutes(1));
        await using var ann = await JsonClient.ConnectAsync(node, "?user=ann");
        await redis.HasUnsentAsync("uann");
        Assert.Equal(["online", "offline"], backend.EventsOf("ann"));

        proxy.Cut();
        proxy.Resume();

        // Well before another node would.
        await backend.SaysAsync("online", "ann");
        await redis.HasAsync("uann", nodes: 1);
        Assert.Equal(["online", "offline", "online"], backend.EventsOf("ann"));
    }

    [Fact]
    public async Task When_all_nodes_were_killed_the_next_one_tells_what_became_of_what_they_had()
    {
        await using var backend = await Backend.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using (var doomed = await GatewayProcess.StartAsync(Node.Settings(redis.Address, backend.Settings(Occupancy.Events, Soon))))
        {
            await doomed.IsReadyAsync();
            await using var client = await JsonClient.ConnectAsync(doomed.WebSocketUri);
            await client.SubscribeAsync("x");
            await redis.HasAsync("cx", nodes: 1);
            doomed.Kill();
        }
        await redis.PassesAsync(await redis.LastExpiryOfAllAsync("gateway:op:*"));

        await using var next = await Node.StartAsync(redis.Address, backend.Settings(Occupancy.Events, Soon));

        await backend.SaysAsync("vacated", "x");
    }

    [Fact]
    public async Task A_node_that_stops_while_the_backend_is_away_leaves_the_telling_to_another()
    {
        await using var backend = await Backend.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        string nowhere = $"http://127.0.0.1:{LoopbackPorts.Next()}/hooks";
        await using var leaving = await Node.StartAsync(redis.Address, Backend.SettingsFor(nowhere, Occupancy.Events, Soon));
        await using var other = await Node.StartAsync(redis.Address, backend.Settings(Occupancy.Events, Soon));
        await using var client = await JsonClient.ConnectAsync(leaving, "?user=ann");
        await client.SubscribeAsync("x");
        await redis.HasUnsentAsync("cx");

        await leaving.StopAsync();

        await backend.SaysAsync("vacated", "x");
        await backend.SaysAsync("offline", "ann");
    }

    [Fact]
    public async Task Of_what_the_backend_does_not_take_Redis_remembers_no_more_than_waits()
    {
        await using var backend = await Backend.StartAsync();
        backend.OnEvents = (_, _) => backend.Over;
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(
            redis.Address, backend.Settings(Occupancy.Events, "Hooks:QueuedEvents=100", "Limits:ChannelsPerConnection=500"));
        await using var client = await JsonClient.ConnectAsync(node);
        for (int i = 0; i < 400; i++)
            await client.SubscribeAsync($"c{i}");
        await Eventually.TrueAsync(async () => await SumAsync("gateway:op:*") == 400, "Redis has all channels");

        // A hundred wait, and as many may be on their way.
        await Eventually.TrueAsync(async () => await SumAsync("gateway:ou:*") <= 200, "what was dropped counts as told");
        Assert.NotEqual(0, await SumAsync("gateway:ou:*"));

        async Task<int> SumAsync(string keys)
        {
            const string Sum = """
                local sum = 0
                for _, key in ipairs(redis.call('KEYS', ARGV[1])) do sum = sum + redis.call('ZCARD', key) end
                return sum
                """;
            return int.Parse(await redis.CommandAsync("EVAL", Sum, "0", keys), System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}
