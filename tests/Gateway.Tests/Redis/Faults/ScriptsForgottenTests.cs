using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>A Redis without the scripts: after SCRIPT FLUSH, and after a replica that never had them takes over.</summary>
public sealed class ScriptsForgottenTests
{
    [Fact]
    public async Task Every_script_is_given_to_it_again()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);
        await using var publisher = await JsonClient.ConnectAsync(node, "?user=ann");
        await using var client = await JsonClient.ConnectAsync(node, "?user=bob");
        await publisher.PublishManyAsync("log:x", 2);

        await FlushAsync();
        Assert.Equal(4, (await publisher.PublishManyAsync("log:x", 2)).Number("seq"));
        await FlushAsync();
        await publisher.AskAsync("""{"type":"message","channel":"plain:x","content":1,"key":"k","id":1}""", "ack");
        await FlushAsync();
        var history = await client.AskAsync("""{"type":"history","channel":"log:x"}""", "history");
        Assert.Equal(4, history.GetProperty("messages").GetArrayLength());
        await FlushAsync();
        Assert.Equal(1, (await client.SubscribeAsync("room:x")).Number("count"));
        await FlushAsync();
        Assert.Equal(1, (await publisher.AskAnythingAsync("""{"type":"presence","channel":"room:x","id":2}""")).Number("count"));
        await FlushAsync();
        await client.AskAnythingAsync("""{"type":"unsubscribe","channel":"room:x","id":3}""");
        await Eventually.TrueAsync(
            async () => (await publisher.AskAnythingAsync("""{"type":"presence","channel":"room:x","id":4}""")).Number("count") == 0,
            "bob has left");

        Task FlushAsync() => redis.CommandAsync("SCRIPT", "FLUSH");
    }

    [Theory]
    [InlineData("log:x")]
    [InlineData("plain:x")]
    public async Task Messages_under_way_keep_their_order(string channel)
    {
        const int Count = 2000;
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        await using var publisher = await JsonClient.ConnectAsync(node);
        await client.SubscribeAsync(channel);
        var receiving = client.ReceiveMessagesAsync(Count);

        for (int i = 1; i <= Count; i++)
        {
            await publisher.PublishAsync(channel, $"{i}", $$""","key":"{{i}}" """);
            if (i % 400 == 0)
                await redis.CommandAsync("SCRIPT", "FLUSH");
        }

        Assert.Equal(Enumerable.Range(1, Count), (await receiving).Select(message => (int)message.Number("content")));
    }
}
