using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>A node gets only the channels to which it has subscribers.</summary>
public sealed class InterestTests
{
    [Theory]
    [InlineData("plain:interest")]
    [InlineData("log:interest")]
    public async Task A_node_subscribes_with_its_first_subscriber_and_leaves_a_while_after_its_last(string channel)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var first = await JsonClient.ConnectAsync(a);
        await using var second = await JsonClient.ConnectAsync(a);
        await using var publisher = await JsonClient.ConnectAsync(b);

        await publisher.PublishManyAsync(channel, 3);
        Assert.Equal(0, await redis.SubscribersAsync(channel));
        await first.SubscribeAsync(channel);
        await second.SubscribeAsync(channel);
        Assert.Equal(1, await redis.SubscribersAsync(channel));
        await publisher.SubscribeAsync(channel);
        Assert.Equal(2, await redis.SubscribersAsync(channel));

        await first.DisposeAsync();
        await publisher.DisposeAsync();
        await Eventually.TrueAsync(async () => await redis.SubscribersAsync(channel) == 1, "the node without subscribers left");
        second.Socket.Abort();
        await Eventually.TrueAsync(async () => await redis.SubscribersAsync(channel) == 0, "both nodes left");
    }

    [Fact]
    public async Task A_flapping_subscriber_does_not_make_its_node_flap()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        int before = await redis.CallsAsync("unsubscribe");

        for (int i = 0; i < 50; i++)
        {
            await client.SubscribeAsync("plain:flap");
            await client.AskAsync("""{"type":"unsubscribe","channel":"plain:flap"}""", "unsubscribed");
        }
        await Eventually.TrueAsync(async () => await redis.SubscribersAsync("plain:flap") == 0, "the node left in the end");

        Assert.InRange(await redis.CallsAsync("unsubscribe") - before, 1, 10);
    }

    [Fact]
    public async Task A_channel_left_by_all_and_subscribed_to_again_misses_nothing()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(a);
        await using var publisher = await JsonClient.ConnectAsync(b);
        string epoch = (await client.SubscribeAsync("log:again")).Text("epoch");
        await client.AskAsync("""{"type":"unsubscribe","channel":"log:again"}""", "unsubscribed");
        await Eventually.TrueAsync(async () => await redis.SubscribersAsync("log:again") == 0, "the node left");
        await publisher.PublishManyAsync("log:again", 5);

        Assert.True((await client.RecoverAsync("log:again", epoch, 0)).GetProperty("recovered").GetBoolean());
        await publisher.PublishManyAsync("log:again", 5);

        Assert.Equal(Enumerable.Range(1, 10).Select(seq => (long)seq), (await client.ReceiveMessagesAsync(10)).Seqs());
    }
}
