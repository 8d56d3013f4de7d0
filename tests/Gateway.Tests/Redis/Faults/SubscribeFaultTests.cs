using System.Text;
using Gateway.Server.Naming;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Redis.Faults;

/// <summary>Channels that come, go and come back at bad moments, and in large numbers.</summary>
public sealed class SubscribeFaultTests
{
    [Fact]
    public async Task A_channel_held_since_redis_was_away_flows_for_the_next_subscriber_when_it_is_back()
    {
        await using var redis = await RedisServer.StartAsync(persistent: true);
        await using var node = await Node.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        redis.Kill();
        await node.IsNotReadyAsync();
        Assert.False(await node.Channels.Acquire(Name(node, "plain:x")).Flowing);
        await Expect.UnavailableAsync(client, """{"type":"subscribe","channel":"plain:x","id":1}""");

        await redis.RestartAsync(keepData: true);
        await node.IsReadyAsync();

        await client.SubscribeAsync("plain:x");
        await client.PublishAsync("plain:x", "1");
        Assert.Equal("1", (await client.ReceiveAsync("message")).Raw("content"));
    }

    [Fact]
    public async Task A_subscription_never_answered_is_not_waited_for_and_later_ones_flow()
    {
        await using var redis = await RedisServer.StartAsync(persistent: true);
        await using var node = await Node.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        redis.Pause();
        var held = node.Channels.Acquire(Name(node, "log:x"));
        Assert.False(await held.Flowing);
        redis.Resume();
        await node.IsReadyAsync();

        await Eventually.TrueAsync(
            async () => (await client.AskAnythingAsync("""{"type":"subscribe","channel":"log:x","id":1}""")).Text("type") == "subscribed",
            "the channel is subscribed to");

        await client.PublishAsync("log:x", "1");
        Assert.Equal("1", (await client.ReceiveAsync("message")).Raw("content"));
        node.Channels.Release(held);
    }

    [Fact]
    public async Task A_channel_subscribed_to_again_while_its_node_leaves_it_flows()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(proxy.Address);
        await using var client = await JsonClient.ConnectAsync(b);
        await using var publisher = await JsonClient.ConnectAsync(a);
        string[] channels = [.. Enumerable.Range(0, 100).Select(i => $"{(i % 2 == 0 ? "plain" : "log")}:{i}z")];
        foreach (string channel in channels)
            b.Channels.Release(b.Channels.Acquire(Name(b, channel)));
        // An answer takes longer than the clock's step, so that some are subscribed to before, some while, and some after they are left.
        proxy.Delay(TimeSpan.FromMilliseconds(100));
        await Eventually.TrueAsync(async () => await redis.CallsAsync("unsubscribe") > 0, "the node begins to leave");
        var again = channels.Select(channel => b.Channels.Acquire(Name(b, channel))).ToList();
        foreach (var channel in again)
            Assert.True(await channel.Flowing);
        proxy.Resume();

        foreach (string channel in channels)
            await client.SubscribeAsync(channel);
        foreach (string channel in channels)
            await publisher.PublishAsync(channel, "1");

        Assert.Equal(channels.Order(), (await client.ReceiveMessagesAsync(channels.Length)).Select(message => message.Text("channel"))
            .Order());

    }

    [Fact]
    public async Task Ten_thousand_channels_at_once_are_all_subscribed_to_and_no_publish_is_refused()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(proxy.Address);
        await using var client = await JsonClient.ConnectAsync(b);
        await using var publisher = await JsonClient.ConnectAsync(a);
        var names = Enumerable.Range(0, 10_000).Select(i => Name(b, $"{(i % 2 == 0 ? "plain" : "log")}:{i}z")).ToList();

        var held = names.ConvertAll(b.Channels.Acquire);
        await client.AskAsync(Expect.Message("log:other", "1"), "ack");
        Assert.DoesNotContain(false, await Task.WhenAll(held.Select(channel => channel.Flowing)));

        await publisher.PublishManyAsync("log:1z", 1);
        proxy.Cut();
        await b.IsNotReadyAsync();
        await b.IsReadyAsync();
        Assert.DoesNotContain(false, await Task.WhenAll(names.ConvertAll(b.Channels.Acquire).Select(channel => channel.Flowing)));
        foreach (string channel in new[] { "plain:0z", "log:1z", "log:9999z" })
        {
            await client.SubscribeAsync(channel);
            await publisher.PublishAsync(channel, "2");
            Assert.Equal((channel, "2"), Read(await client.ReceiveAsync("message")));
        }

        static (string, string) Read(System.Text.Json.JsonElement message) => (message.Text("channel"), message.Raw("content"));
    }

    [Fact]
    public async Task A_channel_whose_keys_somebody_else_uses_fails_alone()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var node = await Node.StartAsync(proxy.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        await using var other = await JsonClient.ConnectAsync(node);
        await other.SubscribeAsync("log:other");
        await client.SubscribeAsync("log:x");
        await redis.CommandAsync("SET", "gateway:m:{log:x}", "not a hash");

        proxy.Cut();

        Assert.Equal("insufficient_state", (await client.ReceiveAsync("unsubscribed")).Text("code"));
        await node.IsReadyAsync();
        await Expect.UnavailableAsync(client, """{"type":"subscribe","channel":"log:x","id":1}""");
        await node.IsReadyAsync();
        await client.AskAsync(Expect.Message("log:other", "1"), "ack");
        Assert.Equal("1", (await other.ReceiveAsync("message")).Raw("content"));
        await redis.CommandAsync("DEL", "gateway:m:{log:x}");
        await client.SubscribeAsync("log:x");
    }

    [Fact]
    public async Task A_channel_whose_keys_are_spoilt_while_it_flows_is_told_and_flows_again_when_they_are_mended()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        await client.SubscribeAsync("log:x");
        await client.AskAsync("""{"type":"ping"}""", "pong");
        // Something in pub/sub that makes the node look at the stream, and a stream that cannot be read.
        await redis.CommandAsync("SET", "gateway:h:{log:x}", "not a stream");
        await redis.CommandAsync("PUBLISH", "gateway:c:{log:x}", "?");

        Assert.Equal("insufficient_state", (await client.ReceiveAsync("unsubscribed")).Text("code"));
        await node.IsReadyAsync();
        await Expect.UnavailableAsync(client, """{"type":"subscribe","channel":"log:x","id":1}""");
        await redis.CommandAsync("DEL", "gateway:h:{log:x}", "gateway:m:{log:x}");
        await client.SubscribeAsync("log:x");
        await client.PublishAsync("log:x", "1");

        Assert.Equal("1", (await client.ReceiveAsync("message")).Raw("content"));
        Assert.True(await client.HearsOnlyPongAsync());
    }

    private static ChannelName Name(GatewayServer node, string channel) =>
        node.Services.GetRequiredService<Namespaces>().TryName(Encoding.UTF8.GetBytes(channel), out _)!;
}
