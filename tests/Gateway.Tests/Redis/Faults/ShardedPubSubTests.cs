using System.Globalization;
using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary><c>Redis:ShardedPubSub</c> in a real cluster of Redis 7: where messages go, and which arrive while slots move.</summary>
public sealed class ShardedPubSubTests
{
    private const int Messages = 400;

    [Theory]
    [InlineData("auto")]
    [InlineData("true")]
    public async Task The_clusters_bus_carries_no_message_of_the_gateways(string setting)
    {
        await using var cluster = await RedisCluster.StartAsync();

        long carried = await PublishAsync(cluster, "Redis:ShardedPubSub=" + setting);

        Assert.Equal(0, carried);
        Assert.Equal(0, await cluster.CallsAsync("publish"));
        Assert.NotEqual(0, await cluster.CallsAsync("spublish"));
    }

    [Fact]
    public async Task Without_sharded_pub_sub_every_message_crosses_the_bus_to_every_server()
    {
        await using var cluster = await RedisCluster.StartAsync();

        long carried = await PublishAsync(cluster, "Redis:ShardedPubSub=false");

        // To each of the two others, what one call publishes: a batch.
        Assert.InRange(carried, 2 * 4, long.MaxValue);
        Assert.Equal(0, await cluster.CallsAsync("spublish"));
    }

    [Fact]
    public async Task A_channel_is_heard_of_by_its_slots_server_alone_and_left_there()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var node = await Node.StartAsync(cluster.Address);
        await using var client = await JsonClient.ConnectAsync(node);

        await client.SubscribeAsync("plain:x");

        var master = await cluster.MasterOfAsync("gateway:c:{plain:x}");
        foreach (var server in cluster.Servers)
        {
            string heard = await server.CommandAsync("PUBSUB", "SHARDNUMSUB", "gateway:c:{plain:x}");
            Assert.Equal(server == master ? "1" : "0", heard.Split('\n')[1]);
        }
        await client.AskAsync("""{"type":"unsubscribe","channel":"plain:x"}""", "unsubscribed");
        await Eventually.TrueAsync(
            async () => (await master.CommandAsync("PUBSUB", "SHARDCHANNELS", "gateway:c:{plain:x}")).Length == 0,
            "the server is told that it is left");
        Assert.Equal(1, await master.CallsAsync("sunsubscribe"));
    }

    [Theory]
    [InlineData("log:x", "")]
    [InlineData("plain:x", "")]
    [InlineData("plain:x", "key")]
    public async Task A_slot_that_moves_while_messages_flow_loses_and_doubles_nothing(string channel, string key)
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var a = await Node.StartAsync(cluster.Address);
        await using var b = await Node.StartAsync(cluster.Address);
        await using var publisher = await JsonClient.ConnectAsync(a);
        await using var subscriber = await JsonClient.ConnectAsync(b);
        var heard = await Heard.StartAsync(subscriber, channel);
        var accepted = new List<int>();
        var moving = Task.CompletedTask;

        for (int i = 1; i <= Messages; i++)
        {
            if (i % 100 == 50)
            {
                await moving;
                moving = cluster.MoveSlotAsync($"gateway:c:{{{channel}}}");
            }
            string text = i.ToString(CultureInfo.InvariantCulture);
            string with = key.Length == 0 ? "" : $""","key":"k{text}" """;
            var answer = await publisher.AskAnythingAsync(
                $$"""{"type":"message","channel":"{{channel}}","content":{{text}},"id":1{{with}}}""");
            if (answer.Text("type") == "ack")
                accepted.Add(i);
        }
        await moving;

        Assert.InRange(accepted.Count, Messages - 20, Messages);
        await Eventually.TrueAsync(() => heard.Contents.Contains(accepted[^1]), "the last one is heard");
        Assert.Equal(accepted, heard.Contents);
    }

    [Fact]
    public async Task A_channel_without_history_whose_master_is_killed_is_heard_again_at_the_replica_and_nobody_is_told_anything()
    {
        await using var cluster = await RedisCluster.StartAsync(replicas: true);
        await using var node = await Node.StartAsync(string.Join(',', cluster.Servers.Select(server => server.Address)));
        await using var subscriber = await JsonClient.ConnectAsync(node);
        await using var publisher = await JsonClient.ConnectAsync(node);
        await subscriber.SubscribeAsync("plain:x");
        var heard = Follower.Start(subscriber);
        var master = await cluster.MasterOfAsync("gateway:c:{plain:x}");
        var replica = await cluster.ReplicaOfAsync(master);

        master.Kill();
        await RedisCluster.TakesOverAsync(replica);

        await Eventually.TrueAsync(
            async () =>
            {
                await publisher.AskAnythingAsync(Expect.Message("plain:x", "1"));
                return heard.All("message").Count > 0;
            },
            "it is heard again");
        Assert.All(heard.Received, message => Assert.Equal("message", message.Text("type")));
    }

    /// <returns>How many messages of pub/sub the servers sent each other.</returns>
    private static async Task<long> PublishAsync(RedisCluster cluster, string setting)
    {
        await using var a = await Node.StartAsync(cluster.Address, setting);
        await using var b = await Node.StartAsync(cluster.Address, setting);
        await using var publisher = await JsonClient.ConnectAsync(a);
        await using var subscriber = await JsonClient.ConnectAsync(b);
        long before = await cluster.CarriedAsync();
        foreach (string channel in new[] { "log:x", "plain:x", "plain:y", "room:x" })
        {
            await subscriber.SubscribeAsync(channel);
            await publisher.PublishManyAsync(channel, Messages / 4);
            await subscriber.ReceiveMessagesAsync(Messages / 4);
        }
        return await cluster.CarriedAsync() - before;
    }

    /// <summary>Reads as a client library does: where messages were lost to its subscription, it recovers from the last it saw.</summary>
    private sealed class Heard(JsonClient client, string channel)
    {
        private readonly List<int> _contents = [];
        private string? _epoch;
        private long _seq;

        public IReadOnlyList<int> Contents
        {
            get
            {
                lock (_contents)
                    return [.. _contents];
            }
        }

        public static async Task<Heard> StartAsync(JsonClient client, string channel)
        {
            var heard = new Heard(client, channel);
            heard.Take(await client.SubscribeAsync(channel));
            _ = heard.ReadAsync();
            return heard;
        }

        private async Task ReadAsync()
        {
            while (true)
            {
                var message = await client.ReceiveAsync();
                switch (message.Text("type"))
                {
                    case "message":
                        lock (_contents)
                            _contents.Add((int)message.Number("content"));
                        if (_epoch is not null)
                            _seq = message.Number("seq");
                        break;
                    case "subscribed":
                        Take(message);
                        break;
                    case "unsubscribed":
                        string recover = $$""","recover":{"epoch":"{{_epoch}}","seq":{{_seq}} }""";
                        await client.SendAsync($$"""{"type":"subscribe","channel":"{{channel}}"{{recover}}}""");
                        break;
                }
            }
        }

        private void Take(JsonElement subscribed)
        {
            if (!subscribed.TryGetProperty("epoch", out var epoch))
                return;
            _epoch = epoch.GetString();
            // Recovered messages come behind the answer, which gives their position.
            if (!subscribed.TryGetProperty("recovered", out var recovered) || !recovered.GetBoolean())
                _seq = subscribed.Number("seq");
        }
    }
}
