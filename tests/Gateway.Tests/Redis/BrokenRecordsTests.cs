using Gateway.Tests.Api;
using Gateway.Tests.Redis.Faults;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Redis;

/// <summary>Foreign writes to the Redis that two nodes share, as in scaling under "What is not the gateway's".</summary>
public sealed class BrokenRecordsTests : IAsyncLifetime
{
    private const int Broken = 128;

    private readonly RecordedLog _log = new();
    private RedisServer _redis = null!;
    private GatewayServer _a = null!;
    private GatewayServer _b = null!;
    private Measurements _counted = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _a = await Node.StartAsync(_redis.Address);
        _b = await GatewayServer.StartAsync(
            Node.Settings(_redis.Address),
            services => services.AddSingleton<ILoggerProvider>(_log).AddSingleton<Server.Auth.IAuthenticator, QueryAuthenticator>());
        _counted = new Measurements(_b);
        await _b.IsReadyAsync();
    }

    [Fact]
    public async Task Whatever_is_published_to_a_channel_is_dropped_counted_and_logged_once_and_the_channel_flows_on()
    {
        await using var publisher = await JsonClient.ConnectAsync(_a, "?user=bob");
        await using var subscriber = await JsonClient.ConnectAsync(_b);
        string[] channels = ["plain:x", "log:x", "room:x"];
        string epoch = "";
        foreach (string channel in channels)
        {
            var subscribed = await subscriber.SubscribeAsync(channel);
            epoch = subscribed.Has("epoch") ? subscribed.Text("epoch") : epoch;
        }
        byte[] body = Records.Body("\"secret\"");
        byte[][] garbage =
        [
            [], "garbage"u8.ToArray(), [0x11, .. Records.Record(body)], Records.Message(body)[..^1], [.. Records.Message(body), 0],
            Records.Message(body[1..]), Records.Message(),
            Records.Positioned(1, epoch, body[1..]), Records.Positioned(1, epoch), Records.Positioned(long.MaxValue, epoch, body),
            Records.Positioned(0, epoch, body),
            Records.Presence("ann", "{\"a\":"), Records.Presence("ann", "{}")[..^1], Records.Presence("", "{}"),
        ];
        foreach (string channel in channels)
        {
            foreach (byte[] bytes in garbage)
                await _redis.EvalAsync($"return redis.call('PUBLISH', 'gateway:c:{{{channel}}}', $0)", bytes);
        }
        // A whole record, of a kind that the channel does not have.
        await _redis.EvalAsync("redis.call('PUBLISH', 'gateway:c:{plain:x}', $0)", Records.Positioned(1, epoch, body));
        await _redis.EvalAsync("redis.call('PUBLISH', 'gateway:c:{plain:x}', $0)", Records.Presence("ann", "{}"));
        await _redis.EvalAsync("redis.call('PUBLISH', 'gateway:c:{log:x}', $0)", Records.Message(body));

        foreach (string channel in channels)
        {
            await publisher.AskAsync(Expect.Message(channel, "1"), "ack");
            var message = await subscriber.ReceiveAsync("message");
            Assert.Equal((channel, "1"), (message.Text("channel"), message.Raw("content")));
        }
        Assert.Equal(3 * garbage.Length + 3, _counted["gateway.backplane.broken_records message"]);
        Assert.True(await subscriber.HearsOnlyPongAsync());
        var logged = _log.Lines.Where(line => line.Event == Broken).ToList();
        Assert.Single(logged, line => line.Level == LogLevel.Warning);
        Assert.All(logged.Skip(1), line => Assert.Equal(LogLevel.Debug, line.Level));
        Assert.DoesNotContain(_log.Lines, line => line.Text.Contains("secret", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, line => line.Level >= LogLevel.Error);
    }

    [Fact]
    public async Task A_message_that_reaches_one_node_broken_is_read_from_the_stream()
    {
        await using var publisher = await JsonClient.ConnectAsync(_a, "?user=bob");
        await using var subscriber = await JsonClient.ConnectAsync(_b);
        string epoch = (await subscriber.SubscribeAsync("log:x")).Text("epoch");
        await publisher.AskAsync(Expect.Message("log:x", "1"), "ack");
        Assert.Equal(1, (await subscriber.ReceiveAsync("message")).Number("seq"));

        // As the script that publishes does it, but for the last byte of what goes through pub/sub.
        byte[] body = Records.Body("2");
        await _redis.EvalAsync(
            "redis.call('XADD', 'gateway:h:{log:x}', '2-0', 'd', $0) redis.call('HSET', 'gateway:m:{log:x}', 's', 2)", body);
        await _redis.EvalAsync("redis.call('PUBLISH', 'gateway:c:{log:x}', $0)", Records.Positioned(2, epoch, body)[..^1]);

        var message = await subscriber.ReceiveAsync("message");
        Assert.Equal((2, "2"), (message.Number("seq"), message.Raw("content")));
    }

    [Fact]
    public async Task A_message_that_is_broken_in_the_stream_too_is_a_reported_loss()
    {
        await using var publisher = await JsonClient.ConnectAsync(_a, "?user=bob");
        await using var subscriber = await JsonClient.ConnectAsync(_b);
        await using var late = await JsonClient.ConnectAsync(_b);
        string epoch = (await subscriber.SubscribeAsync("log:x")).Text("epoch");
        await publisher.AskAsync(Expect.Message("log:x", "1"), "ack");
        Assert.Equal(1, (await subscriber.ReceiveAsync("message")).Number("seq"));

        await _redis.EvalAsync("redis.call('XADD', 'gateway:h:{log:x}', '2-0', 'd', $0) redis.call('HSET', 'gateway:m:{log:x}', 's', 2)",
            "{\"forged\":true}"u8.ToArray());
        await publisher.AskAsync(Expect.Message("log:x", "3"), "ack");

        Assert.Equal("insufficient_state", (await subscriber.ReceiveAsync("unsubscribed")).Text("code"));
        Assert.False((await subscriber.RecoverAsync("log:x", epoch, 1)).GetProperty("recovered").GetBoolean());
        Assert.True((await late.RecoverAsync("log:x", epoch, 2)).GetProperty("recovered").GetBoolean());
        Assert.Equal(3, (await late.ReceiveAsync("message")).Number("seq"));
        var history = await publisher.AskAnythingAsync("""{"type":"history","channel":"log:x","id":9}""");
        Assert.Equal([3], history.GetProperty("messages").EnumerateArray().Select(message => message.Number("seq")));
        Assert.NotEqual(0, _counted["gateway.backplane.broken_records history"]);
    }

    [Theory]
    [InlineData("XADD", "gateway:h:{log:x}", "*", "d", "garbage")]
    [InlineData("XADD", "gateway:h:{log:x}", "2-0", "d", "garbage")]
    [InlineData("XADD", "gateway:h:{log:x}", "18446744073709551615-18446744073709551615", "any", "thing", "at", "all")]
    [InlineData("HSET", "gateway:m:{log:x}", "s", "many")]
    [InlineData("HSET", "gateway:m:{log:x}", "s", "-1")]
    [InlineData("HSET", "gateway:m:{log:x}", "s", "1e300")]
    [InlineData("HSET", "gateway:m:{log:x}", "s", "nan")]
    [InlineData("HSET", "gateway:m:{log:x}", "s", "1.5")]
    [InlineData("HSET", "gateway:m:{log:x}", "e", "not an epoch", "p", "neither is this:or this ::: -")]
    public async Task A_channel_whose_position_or_stream_a_stranger_wrote_to_begins_anew_and_all_are_told(params string[] command)
    {
        await using var publisher = await JsonClient.ConnectAsync(_a, "?user=bob");
        await using var subscriber = await JsonClient.ConnectAsync(_b);
        string epoch = (await subscriber.SubscribeAsync("log:x")).Text("epoch");
        await publisher.AskAsync(Expect.Message("log:x", "1"), "ack");
        Assert.Equal(1, (await subscriber.ReceiveAsync("message")).Number("seq"));

        await _redis.CommandAsync(command);
        var read = await publisher.AskAnythingAsync("""{"type":"history","channel":"log:x","id":8}""");
        Assert.All(read.GetProperty("messages").EnumerateArray(), message => Assert.Equal("1", message.Raw("content")));
        var accepted = await publisher.AskAsync(Expect.Message("log:x", "2"), "ack");

        Assert.NotEqual(epoch, accepted.Text("epoch"));
        Assert.Equal(1, accepted.Number("seq"));
        Assert.Equal("insufficient_state", (await subscriber.ReceiveAsync("unsubscribed")).Text("code"));
        Assert.False((await subscriber.RecoverAsync("log:x", epoch, 1)).GetProperty("recovered").GetBoolean());
        await publisher.AskAsync(Expect.Message("log:x", "3"), "ack");
        Assert.Equal(2, (await subscriber.ReceiveAsync("message")).Number("seq"));
        var history = await publisher.AskAnythingAsync("""{"type":"history","channel":"log:x","id":9}""");
        Assert.Equal(["2", "3"], history.GetProperty("messages").EnumerateArray().Select(message => message.Raw("content")));
    }

    [Theory]
    [InlineData("plain:x")]
    [InlineData("log:x")]
    public async Task An_idempotency_key_that_a_stranger_wrote_is_forgotten(string channel)
    {
        await using var ann = await JsonClient.ConnectAsync(_a, "?user=ann");
        string keyed = $$"""{"type":"message","channel":"{{channel}}","content":1,"key":"k","id":1}""";
        await ann.AskAsync(keyed, "ack");
        await _redis.EvalAsync(
            $"local k = 'gateway:k:{{{channel}}}' for _, f in ipairs(redis.call('HKEYS', k)) do redis.call('HSET', k, f, 'x') end");

        await ann.AskAsync(keyed, "ack");
        var again = await ann.AskAsync(keyed, "ack");

        if (channel == "log:x")
            Assert.Equal(2, again.Number("seq"));
    }

    [Fact]
    public async Task A_user_whose_entry_a_stranger_wrote_is_left_out_and_the_others_are_listed()
    {
        await using var ann = await JsonClient.ConnectAsync(_a, "?user=ann");
        await using var bob = await JsonClient.ConnectAsync(_a, "?user=bob");
        await ann.SubscribeAsync("room:x");
        await bob.SubscribeAsync("room:x");
        await _redis.CommandAsync("HSET", "gateway:pu:{room:x}", "ann", "{\"name\":");

        await using var client = await JsonClient.ConnectAsync(_b, "?user=eve");
        var listed = await client.AskAnythingAsync("""{"type":"presence","channel":"room:x","id":1}""");

        Assert.Equal("""["bob"]""", listed.Raw("users"));
        Assert.Equal(1, _counted["gateway.backplane.broken_records presence"]);
        Assert.Single(_log.Of(Broken));
    }

    [Fact]
    public async Task A_forged_message_between_nodes_is_dropped_and_they_go_on_knowing_each_other()
    {
        await Eventually.TrueAsync(async () => await KnownAsync() == 2, "both nodes are known");
        string[] garbage = ["", "x", "{}", "null", """{"from":null}""", """{"from":"x","here":{}}""",
            """{"from":"x","id":"1","request":{"action":null}}""", "[1,2"];
        foreach (string text in garbage)
            await _redis.CommandAsync("PUBLISH", "gateway:nodes", text);
        await _redis.EvalAsync("redis.call('PUBLISH', 'gateway:nodes', $0)", [0xff, 0xfe]);

        await Eventually.TrueAsync(() => _counted["gateway.backplane.broken_records node"] == garbage.Length + 1, "all are counted");
        Assert.Equal(2, await KnownAsync());
        Assert.DoesNotContain(_log.Lines, line => line.Level >= LogLevel.Error);

        async Task<int> KnownAsync() => (await _b.GetAsync("/api/nodes")).Json.GetProperty("nodes").GetArrayLength();
    }

    public async ValueTask DisposeAsync()
    {
        _counted.Dispose();
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _redis.DisposeAsync();
    }
}
