using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>
/// Subscribing to a busy channel, over a Redis whose answers are slower than the messages that it sends. The subscriber's node has no
/// deadlines, as its time stands still: a request that chased the channel's end would never be answered.
/// </summary>
public sealed class BusyChannelTests
{
    private const string Channel = "log:busy";
    private const int PerSecond = 400;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_subscribe_is_answered_and_no_seq_is_missed(bool isFirst)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var near = await Node.StartAsync(redis.Address);
        await using var far = await TimedNode.StartAsync(proxy.Address);
        await using var publisher = await JsonClient.ConnectAsync(near);
        await using var other = await JsonClient.ConnectAsync(far.Server);
        if (!isFirst)
            Follower.Start(await SubscribedAsync(other));
        proxy.DelayReplies(TimeSpan.FromMilliseconds(20));
        await using var flood = Flood.Start(publisher, Channel, PerSecond);

        for (int round = 0; round < 5; round++)
        {
            await using var client = await JsonClient.ConnectAsync(far.Server);
            long seq = (await client.SubscribeAsync(Channel)).Number("seq");
            await FollowsAsync(client, seq, 100);
        }
    }

    [Fact]
    public async Task Recovering_comes_to_its_end_and_no_seq_is_missed()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var near = await Node.StartAsync(redis.Address);
        await using var far = await TimedNode.StartAsync(proxy.Address);
        await using var publisher = await JsonClient.ConnectAsync(near);
        string epoch = (await publisher.PublishManyAsync(Channel, 50)).Text("epoch");
        proxy.DelayReplies(TimeSpan.FromMilliseconds(20));
        await using var flood = Flood.Start(publisher, Channel, PerSecond);

        for (int round = 0; round < 5; round++)
        {
            await using var client = await JsonClient.ConnectAsync(far.Server);
            Assert.True((await client.RecoverAsync(Channel, epoch, 10)).GetProperty("recovered").GetBoolean());
            // The chase would take two seconds, and then end with insufficient_state.
            await FollowsAsync(client, 10, 40 + ((round + 4) * PerSecond));
            await client.AskAnythingAsync($$"""{"type":"unsubscribe","channel":"{{Channel}}","id":1}""");
        }
    }

    [Fact]
    public async Task For_a_client_that_has_left_redis_gets_no_more_requests()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var near = await Node.StartAsync(redis.Address);
        await using var far = await TimedNode.StartAsync(proxy.Address);
        await using var publisher = await JsonClient.ConnectAsync(near);
        proxy.DelayReplies(TimeSpan.FromMilliseconds(100));
        await using var flood = Flood.Start(publisher, Channel, PerSecond);
        for (int i = 0; i < 10; i++)
        {
            var client = await RawWebSocket.ConnectAsync(far.Server.PublicPort);
            await client.SendMessageAsync($$"""{"type":"subscribe","channel":"{{Channel}}"}""");
            // Different clients leave after a different part of the way.
            await Task.Delay(i * 10);
            client.Reset();
        }

        await Eventually.TrueAsync(
            () => far.Server.Connections.Count == 0 && far.Server.Channels.Count == 0, "nothing is left of the clients");
        using var metrics = new Measurements(far.Server);
        await Eventually.TrueAsync(() => metrics["gateway.backplane.in_flight"] == 0, "what they asked for is answered");
        int before = await redis.CallsAsync("xrange");
        // Reads that a left client's chase still caused would show up during the round trips of other requests.
        await using var other = await JsonClient.ConnectAsync(far.Server);
        for (int i = 0; i < 5; i++)
            await other.AskAsync(Expect.Message("plain:x", "1"), "ack");
        Assert.Equal(before, await redis.CallsAsync("xrange"));
    }

    [Fact]
    public async Task Over_a_long_way_a_subscribe_takes_a_few_round_trips()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var near = await Node.StartAsync(redis.Address);
        await using var far = await TimedNode.StartAsync(proxy.Address);
        await using var publisher = await JsonClient.ConnectAsync(near);
        await using var client = await JsonClient.ConnectAsync(far.Server);
        proxy.Delay(TimeSpan.FromMilliseconds(128));
        await using var flood = Flood.Start(publisher, Channel, PerSecond);

        int before = await redis.CallsAsync("xrange");
        long seq = (await client.SubscribeAsync(Channel)).Number("seq");

        // One to follow the channel, one for the client, and as many again for what came meanwhile.
        Assert.InRange(await redis.CallsAsync("xrange") - before, 1, 4);
        await FollowsAsync(client, seq, 200);
    }

    private static async Task<JsonClient> SubscribedAsync(JsonClient client)
    {
        await client.SubscribeAsync(Channel);
        return client;
    }

    private static async Task FollowsAsync(JsonClient client, long seq, int messages)
    {
        foreach (long next in (await client.ReceiveMessagesAsync(messages)).Seqs())
            Assert.Equal(++seq, next);
    }
}
