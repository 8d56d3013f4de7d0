using System.Globalization;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>A full Redis with <c>allkeys-lru</c>, which drops any key at any moment, as in scaling under "When Redis is full".</summary>
public sealed class EvictionTests
{
    [Fact]
    public async Task A_stream_without_its_position_is_no_history_and_ends_the_epoch()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);
        await using var publisher = await JsonClient.ConnectAsync(node);
        await using var subscriber = await JsonClient.ConnectAsync(node);
        string epoch = (await subscriber.SubscribeAsync("log:x")).Text("epoch");
        await publisher.PublishManyAsync("log:x", 3);
        await subscriber.ReceiveMessagesAsync(3);
        await publisher.PublishManyAsync("log:alone", 3);

        await redis.CommandAsync("DEL", "gateway:m:{log:x}", "gateway:m:{log:alone}");

        // The channel has no subscriber, so reading it creates nothing.
        var read = await publisher.AskAnythingAsync("""{"type":"history","channel":"log:alone","id":1}""");
        Assert.Empty(read.GetProperty("messages").EnumerateArray());
        Assert.Equal("0", await redis.CommandAsync("EXISTS", "gateway:m:{log:alone}"));
        var accepted = await publisher.PublishManyAsync("log:x", 1, first: 4);
        Assert.NotEqual(epoch, accepted.Text("epoch"));
        Assert.Equal("insufficient_state", (await subscriber.ReceiveAsync("unsubscribed")).Text("code"));
        Assert.False((await subscriber.RecoverAsync("log:x", epoch, 3)).GetProperty("recovered").GetBoolean());
    }

    [Fact]
    public async Task A_position_without_its_stream_goes_on_and_history_begins_with_the_next_message()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);
        await using var publisher = await JsonClient.ConnectAsync(node);
        await using var subscriber = await JsonClient.ConnectAsync(node);
        await using var late = await JsonClient.ConnectAsync(node);
        string epoch = (await subscriber.SubscribeAsync("log:x")).Text("epoch");
        await publisher.PublishManyAsync("log:x", 3);
        await subscriber.ReceiveMessagesAsync(3);

        await redis.CommandAsync("DEL", "gateway:h:{log:x}");
        await publisher.PublishManyAsync("log:x", 1, first: 4);

        var message = await subscriber.ReceiveAsync("message");
        Assert.Equal((4, "4"), (message.Number("seq"), message.Raw("content")));
        Assert.False((await late.RecoverAsync("log:x", epoch, 2)).GetProperty("recovered").GetBoolean());
        await late.AskAsync("""{"type":"unsubscribe","channel":"log:x"}""", "unsubscribed");
        Assert.True((await late.RecoverAsync("log:x", epoch, 3)).GetProperty("recovered").GetBoolean());
        Assert.Equal(4, (await late.ReceiveAsync("message")).Number("seq"));
    }

    [Theory]
    [InlineData("pu")]
    [InlineData("pn")]
    [InlineData("pe")]
    [InlineData("pu", "pn")]
    [InlineData("pu", "pe")]
    [InlineData("pn", "pe")]
    [InlineData("pu", "pn", "pe")]
    public async Task Presence_heals_whatever_part_of_it_is_thrown_away(params string[] parts)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address, "Presence:TimeToLive=00:00:04");
        await using var b = await Node.StartAsync(redis.Address, "Presence:TimeToLive=00:00:04");
        await using var here = await JsonClient.ConnectAsync(a, "?user=ann");
        await using var there = await JsonClient.ConnectAsync(b, "?user=ann");
        await using var bob = await JsonClient.ConnectAsync(b, "?user=bob");
        await using var looking = await JsonClient.ConnectAsync(b, "?user=eve");
        foreach (var client in new[] { here, there, bob })
            await client.SubscribeAsync("room:x");

        await redis.CommandAsync(["DEL", .. parts.Select(part => $"gateway:{part}:{{room:x}}")]);

        await Eventually.TrueAsync(async () => await UsersAsync() == "ann bob", "all are there again");
        // Of her two connections, one is left on the other node.
        await here.AskAnythingAsync("""{"type":"unsubscribe","channel":"room:x","id":2}""");
        await bob.AskAnythingAsync("""{"type":"unsubscribe","channel":"room:x","id":2}""");
        Assert.Equal("ann", await UsersAsync());
        await there.AskAnythingAsync("""{"type":"unsubscribe","channel":"room:x","id":2}""");
        Assert.Equal("", await UsersAsync());

        async Task<string> UsersAsync()
        {
            var answer = await looking.AskAnythingAsync("""{"type":"presence","channel":"room:x","id":1}""");
            return string.Join(
                ' ', answer.GetProperty("users").EnumerateArray().Select(user => user.GetString()).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task A_full_redis_that_throws_keys_away_makes_nobody_believe_anything_wrong()
    {
        const int Followed = 20;
        const int Rounds = 40;
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address, "Presence:TimeToLive=00:00:04");
        await using var b = await Node.StartAsync(redis.Address, "Presence:TimeToLive=00:00:04");
        await using var publisher = await JsonClient.ConnectAsync(a, "?user=ann");
        await using var flooder = await JsonClient.ConnectAsync(a, "?user=ann");
        await using var present = await JsonClient.ConnectAsync(a, "?user=bob");
        await present.SubscribeAsync("room:x");
        await redis.CommandAsync("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
        long used = long.Parse((await redis.CommandAsync("INFO", "memory")).Split('\n').First(
            line => line.StartsWith("used_memory:", StringComparison.Ordinal))[12..], CultureInfo.InvariantCulture);
        await redis.CommandAsync("CONFIG", "SET", "maxmemory", (used + (2 << 20)).ToString(CultureInfo.InvariantCulture));
        await using var client = await JsonClient.ConnectAsync(b, "?user=eve");
        var positions = new Dictionary<string, (string Epoch, long Seq)>();
        for (int i = 0; i < Followed; i++)
            positions[$"log:f{i}"] = ((await client.SubscribeAsync($"log:f{i}")).Text("epoch"), 0);
        var following = FollowAsync(client, positions);

        string filler = new('x', 1000);
        for (int round = 1; round <= Rounds; round++)
        {
            for (int i = 0; i < Followed; i++)
                await publisher.AskAsync(Expect.Message($"log:f{i}", $"{round}"), "ack");
            for (int i = 0; i < 100; i++)
                await flooder.PublishAsync($"log:x{round}-{i}", $"\"{filler}\"", i == 99 ? ""","id":1 """ : "");
            await flooder.ReceiveAsync("ack");
        }
        Assert.NotEqual("evicted_keys:0", (await redis.CommandAsync("INFO", "stats")).Split('\r', '\n').First(
            line => line.StartsWith("evicted_keys", StringComparison.Ordinal)));
        await a.IsReadyAsync();
        await b.IsReadyAsync();
        await redis.CommandAsync("CONFIG", "SET", "maxmemory", "0");
        // A subscriber that learns of a loss after the last message begins behind it.
        await Eventually.TrueAsync(
            async () =>
            {
                for (int i = 0; i < Followed; i++)
                    await publisher.AskAsync(Expect.Message($"log:f{i}", "\"last\""), "ack");
                return following.IsCompleted;
            },
            "messages of every channel come");
        await following;
        await Eventually.TrueAsync(
            async () => (await publisher.AskAnythingAsync(
                """{"type":"presence","channel":"room:x","id":1}""")).Raw("users") == """["bob"]""", "presence is right again");
    }

    /// <summary>
    /// Does what a client is to do, until one of the last messages of every channel has come. Within an epoch it sees each seq once and in
    /// order, or is told.
    /// </summary>
    private static async Task FollowAsync(JsonClient client, Dictionary<string, (string Epoch, long Seq)> positions)
    {
        var done = new HashSet<string>();
        var seen = new Dictionary<(string Channel, string Epoch, long Seq), string>();
        while (done.Count < positions.Count)
        {
            var message = await client.ReceiveAsync();
            string channel = message.Text("channel");
            var (epoch, seq) = positions[channel];
            switch (message.Text("type"))
            {
                case "unsubscribed":
                    Assert.Equal("insufficient_state", message.Text("code"));
                    await client.SendAsync(
                        $$$"""{"type":"subscribe","channel":"{{{channel}}}","recover":{"epoch":"{{{epoch}}}","seq":{{{seq}}}}}""");
                    break;
                case "subscribed":
                    bool recovered = message.GetProperty("recovered").GetBoolean();
                    positions[channel] = (message.Text("epoch"), recovered ? seq : message.Number("seq"));
                    break;
                case "message":
                    Assert.Equal(seq + 1, message.Number("seq"));
                    Assert.True(seen.TryAdd((channel, epoch, seq + 1), message.Raw("content")));
                    positions[channel] = (epoch, seq + 1);
                    if (message.Raw("content") == "\"last\"")
                        done.Add(channel);
                    break;
                default:
                    Assert.Fail(message.GetRawText());
                    break;
            }
        }
    }
}
