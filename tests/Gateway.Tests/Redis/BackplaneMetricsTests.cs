using Gateway.Tests.Redis.Faults;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis;

public sealed class BackplaneMetricsTests
{
    [Fact]
    public async Task Each_moves_when_it_should()
    {
        await using var redis = await RedisServer.StartAsync(persistent: true);
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var a = await Node.StartAsync(redis.Address);
        // Counted from the first call on.
        proxy.Refuse();
        await using var b = await Node.LaunchAsync(proxy.Address);
        using var measured = new Measurements(b);
        proxy.Resume();
        await b.IsReadyAsync();
        await using var publisher = await JsonClient.ConnectAsync(a);
        await using var client = await JsonClient.ConnectAsync(b);

        await client.SubscribeAsync("log:x");
        await client.SubscribeAsync("plain:x");
        Assert.Equal(2, measured["gateway.backplane.channels"]);
        Assert.NotEqual(0, measured["gateway.backplane.round_trip"]);
        Assert.Equal(0, measured["gateway.backplane.reconnects"]);

        await client.AskAsync("""{"type":"message","channel":"log:y","content":1,"id":1}""", "ack");
        Assert.Equal(1, measured["gateway.backplane.publishes"]);
        Assert.Equal(0, Failures(measured));

        // A message whose way through pub/sub is lost: the next one tells.
        const string Script = """
            redis.call('HINCRBY', KEYS[1], 's', 1)
            redis.call('XADD', KEYS[2], '1-0', 'd', redis.call('XRANGE', KEYS[3], '-', '+')[1][2][2])
            """;
        await redis.CommandAsync(
            "EVAL", Script, "3", "gateway:m:{log:x}", "gateway:h:{log:x}", "gateway:h:{log:y}");
        await publisher.PublishManyAsync("log:x", 1);
        Assert.Equal(2, (await client.ReceiveUntilAsync(
            message => message.Text("type") == "message" && message.Number("seq") > 1)).Number("seq"));
        Assert.Equal(1, measured["gateway.backplane.gaps.found"]);
        await Eventually.TrueAsync(() => measured["gateway.backplane.gaps.filled"] == 1, "the gap is counted as filled");

        proxy.Refuse();
        proxy.Cut();
        await Expect.NotAcceptedAsync(client, Expect.Message("log:y", "2"));
        await Eventually.TrueAsync(() => Failures(measured) == 1, "the refusal is counted");
        proxy.Resume();
        await b.IsReadyAsync();
        await Eventually.TrueAsync(() => measured["gateway.backplane.reconnects"] == 1, "the new connection is counted");

        proxy.Delay(TimeSpan.FromMilliseconds(200));
        await client.PublishAsync("log:y", "3", ""","id":2 """);
        await Eventually.TrueAsync(() => measured["gateway.backplane.in_flight"] > 0, "a call is under way");
        await client.ReceiveUntilAsync(message => message.Text("type") == "ack");
        proxy.Resume();
        await client.AskAsync("""{"type":"unsubscribe","channel":"plain:x"}""", "unsubscribed");
        await Eventually.TrueAsync(() => measured["gateway.backplane.channels"] == 1, "the channel is left");
        await Eventually.TrueAsync(() => measured["gateway.backplane.in_flight"] == 0, "every call is answered");
    }

    private static long Failures(Measurements measured) =>
        measured["gateway.backplane.failures refused"] + measured["gateway.backplane.failures unconfirmed"];
}
