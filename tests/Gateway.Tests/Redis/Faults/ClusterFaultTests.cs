using System.Globalization;
using Gateway.Server.Backplane;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Redis.Faults;

/// <summary>Faults of a Redis cluster with replicas: servers are lost, and slots move.</summary>
public sealed class ClusterFaultTests
{
    private static readonly string[] Channels = [.. Enumerable.Range(0, 12).Select(i => $"log:{i}z")];

    [Fact]
    public async Task After_a_takeover_and_its_return_every_channel_is_served_again_in_seconds_and_nobody_is_told_a_lie()
    {
        await using var cluster = await RedisCluster.StartAsync(replicas: true);
        await using var a = await Node.StartAsync(Addresses(cluster));
        await using var b = await Node.StartAsync(Addresses(cluster));
        await using var publisher = await JsonClient.ConnectAsync(a);
        await using var subscriber = await JsonClient.ConnectAsync(b);
        var epochs = new Dictionary<string, string>();
        foreach (string channel in Channels)
            epochs[channel] = (await subscriber.SubscribeAsync(channel)).Text("epoch");
        await PublishesAsync(publisher, "1");
        await subscriber.ReceiveMessagesAsync(Channels.Length);

        var master = await cluster.MasterOfAsync($"gateway:m:{{{Channels[0]}}}");
        var replica = await cluster.ReplicaOfAsync(master);
        master.Kill();
        await RedisCluster.TakesOverAsync(replica);
        await PublishesAsync(publisher, "2");
        await master.RestartAsync(keepData: false, discard: false);
        await Eventually.TrueAsync(
            async () => (await master.CommandAsync("INFO", "replication")).Contains("master_link_status:up", StringComparison.Ordinal),
            "the old master follows");
        await master.CommandAsync("CLUSTER", "FAILOVER");
        await RedisCluster.TakesOverAsync(master);

        await PublishesAsync(publisher, "3");
        await a.IsReadyAsync();
        await b.IsReadyAsync();
        foreach (string channel in Channels)
        {
            await using var other = await JsonClient.ConnectAsync(b);
            var history = await other.AskAsync($$"""{"type":"history","channel":"{{channel}}"}""", "history");
            var kept = history.GetProperty("messages").EnumerateArray().ToList();
            Assert.Contains("3", kept.Select(message => message.Raw("content")));
            // A subscriber that saw the first message and recovers from its position gets the rest, or another epoch.
            var subscribed = await other.RecoverAsync(channel, epochs[channel], 1);
            if (!subscribed.GetProperty("recovered").GetBoolean())
                Assert.NotEqual(epochs[channel], subscribed.Text("epoch"));
        }
    }

    [Fact]
    public async Task Losing_a_replica_does_not_stop_publishing()
    {
        await using var cluster = await RedisCluster.StartAsync(replicas: true);
        await using var node = await Node.StartAsync(Addresses(cluster));
        await using var client = await JsonClient.ConnectAsync(node);
        var master = await cluster.MasterOfAsync("gateway:m:{log:x}");
        var replica = await cluster.ReplicaOfAsync(master);
        await client.SubscribeAsync("log:x");
        var publishing = SteadyPublisher.Start(client: await JsonClient.ConnectAsync(node), "log:y");
        await publishing.PublishesMoreAsync(50);

        replica.Kill();

        await publishing.PublishesMoreAsync(500);
        Assert.Equal(0, publishing.Refused);
        await publishing.StopAsync();
    }

    [Fact]
    public async Task Messages_without_history_keep_their_order_when_a_slot_changes_hands()
    {
        await using var cluster = await RedisCluster.StartAsync(replicas: true);
        await using var node = await Node.StartAsync(Addresses(cluster));
        await using var subscriber = await JsonClient.ConnectAsync(node);
        await using var publisher = await JsonClient.ConnectAsync(node);
        await subscriber.SubscribeAsync("plain:x");
        var following = Follower.Start(subscriber);
        var master = await cluster.MasterOfAsync("gateway:c:{plain:x}");
        var replica = await cluster.ReplicaOfAsync(master);

        int last = 0;
        for (int i = 0; i < 400; i++)
        {
            if (i == 100)
            {
                await replica.CommandAsync("CLUSTER", "FAILOVER");
                await RedisCluster.TakesOverAsync(replica);
            }
            // With a key and without in turn: both ways of publishing.
            string key = i % 2 == 0 ? $""","key":"k{i}" """ : "";
            string content = i.ToString(CultureInfo.InvariantCulture);
            var answer = await publisher.AskAnythingAsync(
                $$"""{"type":"message","channel":"plain:x","content":{{content}},"id":1{{key}}}""");
            if (answer.Text("type") == "ack")
                last = i;
        }
        Assert.True(last > 300, $"the last one accepted was {last}");

        await following.ReceivesAsync(last.ToString(CultureInfo.InvariantCulture));
        long[] contents = [.. following.All("message").Select(message => message.Number("content"))];
        Assert.Equal(contents.Order(), contents);
        Assert.Equal(contents.Length, contents.Distinct().Count());
    }

    [Fact]
    public async Task Silence_of_the_pub_sub_connection_to_any_member_is_noticed()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await cluster.HideBehindProxiesAsync();
        await using var node = await Node.StartAsync(cluster.Proxies[0].Address);
        await using var subscriber = await JsonClient.ConnectAsync(node);
        await using var publisher = await JsonClient.ConnectAsync(node);
        string[] channels = [.. Enumerable.Range(0, 12).Select(i => $"plain:{i}z")];
        foreach (string channel in channels)
            await subscriber.SubscribeAsync(channel);
        var following = Follower.Start(subscriber);

        foreach (var proxy in cluster.Proxies)
        {
            int before = following.All("message").Count;
            Assert.NotEqual(0, proxy.SwallowSubscribed());
            await Eventually.TrueAsync(
                async () =>
                {
                    foreach (string channel in channels)
                        await publisher.AskAnythingAsync(Expect.Message(channel, "1"));
                    var since = following.All("message").Skip(before).Select(message => message.Text("channel"));
                    return since.Distinct().Count() == channels.Length;
                },
                "every channel is heard again");
        }
    }

    [Fact]
    public async Task A_master_that_falls_silent_is_named_while_the_others_serve()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var node = await Node.StartAsync(cluster.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        var master = await cluster.MasterOfAsync("gateway:m:{log:x}");
        string other = await ChannelElsewhereAsync(cluster, master);
        // This server has a channel with subscribers, too.
        await using var subscriber = await JsonClient.ConnectAsync(node);
        await subscriber.SubscribeAsync("log:x");
        await subscriber.SubscribeAsync(other);

        master.Pause();
        try
        {
            await Eventually.TrueAsync(
                () => Redis(node).Degradation?.Contains(master.Address, StringComparison.Ordinal) == true, "the silent master is named");
            await Eventually.TrueAsync(
                async () => (await client.AskAnythingAsync(Expect.Message(other, "1"))).Text("type") == "ack", "the others take messages");
            Assert.Equal("1", (await subscriber.ReceiveUntilAsync(message => message.Text("type") == "message")).Raw("content"));
        }
        finally
        {
            master.Resume();
        }
        await Eventually.TrueAsync(() => Redis(node).Degradation is null, "it is heard again");
        await Eventually.TrueAsync(
            async () => (await client.AskAnythingAsync(Expect.Message("log:x", "1"))).Text("type") == "ack", "it takes messages again");
    }

    private static IBackplane Redis(GatewayServer node) => node.Services.GetRequiredService<IBackplane>();

    private static async Task<string> ChannelElsewhereAsync(RedisCluster cluster, RedisServer master)
    {
        foreach (string channel in Channels)
        {
            if (await cluster.MasterOfAsync($"gateway:m:{{{channel}}}") != master)
                return channel;
        }
        throw new InvalidOperationException("one server has all channels");
    }

    private static string Addresses(RedisCluster cluster) => string.Join(',', cluster.Servers.Select(server => server.Address));

    /// <summary>Publishes to every channel until that is accepted.</summary>
    private static async Task PublishesAsync(JsonClient publisher, string content)
    {
        foreach (string channel in Channels)
        {
            await Eventually.TrueAsync(
                async () => (await publisher.AskAnythingAsync(Expect.Message(channel, content))).Text("type") == "ack",
                $"{channel} takes a message");
        }
    }
}
