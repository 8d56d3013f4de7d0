using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>A full Redis with <c>noeviction</c>, as in scaling under "When Redis is full".</summary>
public sealed class FullRedisTests
{
    [Fact]
    public async Task Requests_that_take_memory_are_refused_and_leave_no_trace_and_all_others_go_on()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address, "Presence:TimeToLive=01:00:00");
        await using var b = await Node.StartAsync(redis.Address, "Presence:TimeToLive=01:00:00");
        await using var ann = await JsonClient.ConnectAsync(a, "?user=ann");
        await using var subscriber = await JsonClient.ConnectAsync(b, "?user=bob");
        string epoch = (await subscriber.SubscribeAsync("log:x")).Text("epoch");
        await subscriber.SubscribeAsync("plain:x");
        await subscriber.SubscribeAsync("room:x");
        await ann.AskAsync(Expect.Message("log:x", "1"), "ack");
        Assert.Equal(1, (await subscriber.ReceiveAsync("message")).Number("seq"));
        await ann.AskAsync(Keyed("log:x"), "ack");
        Assert.Equal(2, (await subscriber.ReceiveAsync("message")).Number("seq"));

        await redis.CommandAsync("CONFIG", "SET", "maxmemory", "1");
        string before = await redis.CommandAsync("DEBUG", "DIGEST");
        foreach (string refused in new[]
        {
            Expect.Message("log:x", "3"), Expect.Message("log:new", "3"), Keyed("log:new"), Keyed("plain:x"), Keyed("plain:new"),
            """{"type":"subscribe","channel":"log:new","id":1}""", """{"type":"subscribe","channel":"room:x","id":1}""",
            """{"type":"subscribe","channel":"room:new","id":1}""",
        })
            await Expect.UnavailableAsync(ann, refused);
        Assert.Equal(before, await redis.CommandAsync("DEBUG", "DIGEST"));

        // A publish that was done once is known, stored messages can be read, and requests that need no memory go through.
        Assert.Equal(2, (await ann.AskAsync(Keyed("log:x"), "ack")).Number("seq"));
        Assert.Equal(2, (await ann.AskAnythingAsync("""{"type":"history","channel":"log:x","id":2}"""))
            .GetProperty("messages").GetArrayLength());
        Assert.Equal(1, (await ann.AskAnythingAsync("""{"type":"presence","channel":"room:x","id":3}""")).Number("count"));
        await ann.AskAsync(Expect.Message("plain:x", "4"), "ack");
        Assert.Equal("4", (await subscriber.ReceiveAsync("message")).Raw("content"));
        await using (var late = await JsonClient.ConnectAsync(a, "?user=eve"))
        {
            Assert.True((await late.RecoverAsync("log:x", epoch, 1)).GetProperty("recovered").GetBoolean());
            Assert.Equal(2, (await late.ReceiveAsync("message")).Number("seq"));
        }
        await a.IsReadyAsync();
        await b.IsReadyAsync();
        // A user can leave.
        await subscriber.AskAsync("""{"type":"unsubscribe","channel":"room:x"}""", "unsubscribed");
        await Eventually.TrueAsync(
            async () => (await ann.AskAnythingAsync("""{"type":"presence","channel":"room:x","id":4}""")).Number("count") == 0,
            "nobody is there any more");

        await redis.CommandAsync("CONFIG", "SET", "maxmemory", "0");
        Assert.Equal(3, (await ann.AskAsync(Expect.Message("log:x", "5"), "ack")).Number("seq"));
        Assert.Equal("5", (await subscriber.ReceiveAsync("message")).Raw("content"));
        await ann.SubscribeAsync("log:new");
        await ann.SubscribeAsync("room:x");
    }

    [Fact]
    public async Task Users_who_are_there_stay_however_long_it_takes()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address, "Presence:TimeToLive=00:00:01");
        await using var ann = await JsonClient.ConnectAsync(node, "?user=ann");
        await using var bob = await JsonClient.ConnectAsync(node, "?user=bob");
        await ann.SubscribeAsync("room:x");

        await redis.CommandAsync("CONFIG", "SET", "maxmemory", "1");
        await redis.AllExpireAsync(Expiry);
        Assert.Equal(1, (await bob.AskAnythingAsync("""{"type":"presence","channel":"room:x","id":1}""")).Number("count"));
        // Twice the time to live: every node has had its turn to remove expired users.
        await redis.PassesAsync(await redis.NowAsync() + 2_000);
        Assert.Equal(1, (await bob.AskAnythingAsync("""{"type":"presence","channel":"room:x","id":1}""")).Number("count"));
        await redis.CommandAsync("CONFIG", "SET", "maxmemory", "0");

        await Eventually.TrueAsync(
            async () => await redis.LastExpiryAsync(Expiry) > await redis.NowAsync(), "the user is refreshed again");
        Assert.Equal(1, (await bob.AskAnythingAsync("""{"type":"presence","channel":"room:x","id":1}""")).Number("count"));
    }

    private const string Expiry = "gateway:pe:{room:x}";

    private static string Keyed(string channel) => $$"""{"type":"message","channel":"{{channel}}","content":2,"key":"k","id":1}""";
}
