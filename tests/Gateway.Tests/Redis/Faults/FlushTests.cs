using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>FLUSHALL while nodes and clients are connected.</summary>
public sealed class FlushTests
{
    [Fact]
    public async Task Subscribers_on_all_nodes_are_told_before_they_see_anything_of_the_new_stream()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var near = await JsonClient.ConnectAsync(a);
        await using var far = await JsonClient.ConnectAsync(b);
        await using var publisher = await JsonClient.ConnectAsync(a);
        string epoch = (await near.SubscribeAsync("log:x")).Text("epoch");
        await far.SubscribeAsync("log:x");
        await publisher.PublishManyAsync("log:x", 5);
        await near.ReceiveMessagesAsync(5);
        await far.ReceiveMessagesAsync(5);

        await redis.FlushAllAsync();
        // As many as were lost, and one: a seq that would fit the old stream does not make it the same.
        var last = await publisher.PublishManyAsync("log:x", 6);

        Assert.Equal(6, last.Number("seq"));
        Assert.NotEqual(epoch, last.Text("epoch"));
        foreach (var client in new[] { near, far })
        {
            Assert.Equal("insufficient_state", (await client.ReceiveAsync("unsubscribed")).Text("code"));
            Assert.False((await client.RecoverAsync("log:x", epoch, 5)).GetProperty("recovered").GetBoolean());
        }
        await publisher.PublishManyAsync("log:x", 1);
        Assert.Equal(7, (await near.ReceiveAsync("message")).Number("seq"));
        Assert.Equal(7, (await far.ReceiveAsync("message")).Number("seq"));
    }

    [Fact]
    public async Task Channels_without_history_do_not_notice()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var far = await JsonClient.ConnectAsync(b);
        await using var publisher = await JsonClient.ConnectAsync(a);
        await far.SubscribeAsync("plain:x");

        await redis.FlushAllAsync();
        await publisher.PublishManyAsync("plain:x", 3);

        Assert.Equal([1, 2, 3], (await far.ReceiveMessagesAsync(3)).Select(message => message.Number("content")));
    }
}
