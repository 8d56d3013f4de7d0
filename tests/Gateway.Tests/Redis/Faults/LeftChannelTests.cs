using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>A channel without subscribers at the moment when the connection to Redis is replaced.</summary>
public sealed class LeftChannelTests
{
    private const int Messages = 20;

    [Fact]
    public async Task A_channel_left_before_the_connection_was_replaced_is_not_heard_twice_after()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var node = await TimedNode.StartAsync(proxy.Address);
        await using var other = await GatewayServer.StartAsync($"Redis:Addresses={redis.Address}");
        await using var ann = await JsonClient.ConnectAsync(node.Server);
        await using var bob = await JsonClient.ConnectAsync(other);
        await CanPublishAsync(ann);
        await CanPublishAsync(bob);
        await ann.SubscribeAsync("left");

        // The node gives up the connection after 5 to 6 s; the pub/sub half of it works, and goes on until it is closed.
        Assert.NotEqual(0, proxy.SwallowUnsubscribed());
        await node.PassAsync(TimeSpan.FromSeconds(4));
        // For three seconds more the node keeps the channel, in case somebody comes back.
        await ann.AskAsync("""{"type":"unsubscribe","channel":"left"}""", "unsubscribed");
        await node.PassAsync(TimeSpan.FromSeconds(2));
        await node.PassUntilAsync(CanPublishAsync(ann));
        await ann.SubscribeAsync("left");
        await bob.PublishManyAsync("left", Messages);

        Assert.Equal(
            Enumerable.Range(1, Messages).Select(number => $"{number}"),
            (await ann.ReceiveMessagesAsync(Messages)).Select(message => message.Raw("content")));
        Assert.True(await ann.HearsOnlyPongAsync());
    }

    private static Task CanPublishAsync(JsonClient client) => Eventually.TrueAsync(
        async () => (await client.AskAnythingAsync("""{"type":"message","channel":"other","content":0,"id":1}""")).Text("type") == "ack",
        "the node reaches Redis");
}
