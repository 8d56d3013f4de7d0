using Gateway.Server.Naming;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Redis.Faults;

/// <summary>
/// Redis refuses to show the stream of a channel that many are subscribed to, once or for a while, and everything else works.
/// </summary>
public sealed class RefusedReadTests
{
    private const int Subscribers = 60;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_channel_flows_again_by_itself_for_all_who_held_it_meanwhile(bool untilTold)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);
        await using var publisher = await JsonClient.ConnectAsync(node);
        // As many subscribers do who come back one after the other: the channel is never without a holder.
        var held = node.Channels.Acquire(node.Services.GetRequiredService<Namespaces>().TryName("log:x"u8, out _)!);
        var clients = new List<JsonClient>();
        try
        {
            string epoch = "";
            for (int i = 0; i < Subscribers; i++)
            {
                clients.Add(await JsonClient.ConnectAsync(node));
                epoch = (await clients[i].SubscribeAsync("log:x")).Text("epoch");
            }
            await publisher.AskAsync(Expect.Message("log:x", "1"), "ack");
            foreach (var client in clients)
                await client.ReceiveMessagesAsync(1);

            await redis.CommandAsync("RENAME", "gateway:h:{log:x}", "elsewhere{log:x}");
            await redis.CommandAsync("SET", "gateway:h:{log:x}", "not a stream");
            // An unreadable record makes the node look at the stream.
            await redis.CommandAsync("PUBLISH", "gateway:c:{log:x}", "?");
            int told = 0;
            var following = clients.ConvertAll(client => FollowAsync(client, epoch, () => Interlocked.Increment(ref told)));
            if (untilTold)
                await Eventually.TrueAsync(() => Volatile.Read(ref told) > Subscribers, "all were told");
            await redis.CommandAsync("DEL", "gateway:h:{log:x}");
            await redis.CommandAsync("RENAME", "elsewhere{log:x}", "gateway:h:{log:x}");
            await publisher.AskAsync(Expect.Message("log:x", "2"), "ack");

            await Task.WhenAll(following).WaitAsync(Eventually.Limit);
        }
        finally
        {
            foreach (var client in clients)
                await client.DisposeAsync();
            node.Channels.Release(held);
        }
    }

    [Fact]
    public async Task A_subscription_while_redis_is_lost_is_not_confirmed()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);
        await using var holder = await JsonClient.ConnectAsync(node);
        await using var client = await JsonClient.ConnectAsync(node);
        await holder.SubscribeAsync("plain:x");

        redis.Kill();
        await node.IsNotReadyAsync();
        await Expect.UnavailableAsync(client, """{"type":"subscribe","channel":"plain:x","id":1}""");

        await redis.RestartAsync(keepData: false);
        await node.IsReadyAsync();
        await client.SubscribeAsync("plain:x");
        await client.PublishAsync("plain:x", "1");
        Assert.Equal("1", (await holder.ReceiveAsync("message")).Raw("content"));
    }

    private static string Recover(string epoch) =>
        $$$"""{"type":"subscribe","channel":"log:x","id":1,"recover":{"epoch":"{{{epoch}}}","seq":1}}""";

    /// <summary>Does what the protocol asks of a client, until the second message has come.</summary>
    private static async Task FollowAsync(JsonClient client, string epoch, Action told)
    {
        while (true)
        {
            var message = await client.ReceiveAsync();
            switch (message.Text("type"))
            {
                case "unsubscribed":
                    told();
                    await client.SendAsync(Recover(epoch));
                    break;
                case "error":
                    Assert.Equal("unavailable", message.Text("code"));
                    told();
                    await Task.Delay(100);
                    await client.SendAsync(Recover(epoch));
                    break;
                case "subscribed":
                    Assert.True(message.GetProperty("recovered").GetBoolean());
                    break;
                case "message":
                    Assert.Equal("2", message.Raw("content"));
                    return;
            }
        }
    }
}
