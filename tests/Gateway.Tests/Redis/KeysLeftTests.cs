using Gateway.TestSupport;
using Gateway.Tests.Redis.Faults;

namespace Gateway.Tests.Redis;

/// <summary>The keys that reading and subscribing leave in Redis.</summary>
public sealed class KeysLeftTests
{
    [Fact]
    public async Task Reading_channels_that_hold_nothing_creates_nothing()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(node);

        for (int i = 0; i < 200; i++)
            Assert.Empty((await client.AskAsync($$"""{"type":"history","channel":"log:{{i}}z"}""", "history"))
                .GetProperty("messages").EnumerateArray());

        Assert.Equal("0", await redis.CommandAsync("DBSIZE"));
    }

    [Fact]
    public async Task A_subscription_to_a_channel_that_holds_nothing_leaves_nothing_behind()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var first = await JsonClient.ConnectAsync(a);
        await using var second = await JsonClient.ConnectAsync(b);
        string epoch = (await first.SubscribeAsync("log:x")).Text("epoch");
        Assert.Equal(epoch, (await second.SubscribeAsync("log:x")).Text("epoch"));
        Assert.NotEqual("-1", await redis.CommandAsync("PTTL", "gateway:m:{log:x}"));

        // The other's position stays good.
        await first.AskAsync("""{"type":"unsubscribe","channel":"log:x"}""", "unsubscribed");
        await Eventually.TrueAsync(async () => await redis.CallsAsync("unsubscribe") == 1, "the first node leaves the channel");
        await first.AskAsync(Expect.Message("log:x", "1"), "ack");
        Assert.Equal(1, (await second.ReceiveAsync("message")).Number("seq"));
        Assert.True((await second.RecoverAsync("log:x", epoch, 0)).GetProperty("recovered").GetBoolean());
        Assert.Equal(1, (await second.ReceiveAsync("message")).Number("seq"));

        await second.SubscribeAsync("log:y");
        await second.AskAsync("""{"type":"unsubscribe","channel":"log:y"}""", "unsubscribed");
        await Eventually.TrueAsync(async () => await redis.CommandAsync("EXISTS", "gateway:m:{log:y}") == "0", "nothing is left");
    }
}
