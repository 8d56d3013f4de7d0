using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>Faults of one node's connection to a Redis that runs all the time, while another node goes on publishing.</summary>
public sealed class ConnectionFaultTests
{
    [Fact]
    public async Task Connections_cut_again_and_again_cost_subscribers_nothing()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(proxy.Address);
        await using var far = await JsonClient.ConnectAsync(b);
        await using var publisher = await JsonClient.ConnectAsync(a);
        await far.SubscribeAsync("log:x");
        var follower = Follower.Start(far);
        var publishing = SteadyPublisher.Start(publisher, "log:x");

        for (int round = 0; round < 5; round++)
        {
            await publishing.PublishesMoreAsync(100);
            proxy.Cut();
            await publishing.PublishesMoreAsync(100);
            await b.IsReadyAsync();
        }

        await EndsAsync(publishing, publisher, follower);
    }

    [Fact]
    public async Task Messages_published_while_a_node_could_not_reach_redis_are_delivered_in_order_when_it_can()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(proxy.Address);
        await using var far = await JsonClient.ConnectAsync(b);
        await using var publisher = await JsonClient.ConnectAsync(a);
        await far.SubscribeAsync("log:x");
        var follower = Follower.Start(far);

        proxy.Refuse();
        proxy.Cut();
        await b.IsNotReadyAsync();
        var publishing = SteadyPublisher.Start(publisher, "log:x");
        await publishing.PublishesMoreAsync(1000);
        Assert.Empty(follower.Received);
        proxy.Resume();

        await EndsAsync(publishing, publisher, follower);
    }

    [Fact]
    public async Task More_than_the_history_keeps_published_meanwhile_is_owned_up_to()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var a = await Node.StartAsync(redis.Address, "Namespaces:short:History=10");
        await using var b = await Node.StartAsync(proxy.Address, "Namespaces:short:History=10");
        await using var far = await JsonClient.ConnectAsync(b);
        await using var publisher = await JsonClient.ConnectAsync(a);
        string epoch = (await far.SubscribeAsync("short:x")).Text("epoch");

        proxy.Refuse();
        proxy.Cut();
        await b.IsNotReadyAsync();
        await publisher.PublishManyAsync("short:x", 30);
        proxy.Resume();

        Assert.Equal("insufficient_state", (await far.ReceiveAsync("unsubscribed")).Text("code"));
        await b.IsReadyAsync();
        var subscribed = await far.RecoverAsync("short:x", epoch, 0);
        Assert.False(subscribed.GetProperty("recovered").GetBoolean());
        Assert.Equal(30, subscribed.Number("seq"));
        await publisher.PublishManyAsync("short:x", 1);
        Assert.Equal(31, (await far.ReceiveAsync("message")).Number("seq"));
    }

    [Fact]
    public async Task A_subscribed_connection_that_went_silent_is_noticed_and_nothing_is_missed()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await TimedNode.StartAsync(proxy.Address);
        await using var far = await JsonClient.ConnectAsync(b.Server);
        await using var publisher = await JsonClient.ConnectAsync(a);
        await far.SubscribeAsync("log:x");
        await far.SubscribeAsync("plain:x");
        var follower = Follower.Start(far);
        await publisher.AskAsync(Expect.Message("log:x", "1"), "ack");
        await follower.ReceivesAsync("1");

        Assert.NotEqual(0, proxy.SwallowSubscribed());
        await publisher.PublishManyAsync("log:x", 20, first: 2);

        // The documents promise ten seconds; the way back needs none.
        await b.PassAsync(TimeSpan.FromSeconds(10));
        await follower.ReceivesAsync("21");
        Assert.Equal(Enumerable.Range(1, 21).Select(seq => (long)seq), follower.Received.Seqs());
        await b.IsReadyAsync();
        await publisher.AskAsync(Expect.Message("plain:x", "22"), "ack");
        await follower.ReceivesAsync("22");
    }

    [Fact]
    public async Task A_subscription_that_redis_itself_drops_leaves_no_gap()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var near = await JsonClient.ConnectAsync(a);
        await using var far = await JsonClient.ConnectAsync(b);
        await using var publisher = await JsonClient.ConnectAsync(a);
        await near.SubscribeAsync("log:x");
        await far.SubscribeAsync("log:x");
        var (nearFollower, farFollower) = (Follower.Start(near), Follower.Start(far));
        var publishing = SteadyPublisher.Start(publisher, "log:x");

        for (int round = 0; round < 5; round++)
        {
            await publishing.PublishesMoreAsync(100);
            Assert.NotEqual("0", await redis.CommandAsync("CLIENT", "KILL", "TYPE", "pubsub"));
        }

        var accepted = await EndsAsync(publishing, publisher, nearFollower);
        await farFollower.ReceivesAsync("\"end\"");
        Expect.NothingLostOrDoubled(farFollower, accepted);
    }

    [Fact]
    public async Task A_slow_network_changes_no_order_and_loses_nothing()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(proxy.Address);
        await using var far = await JsonClient.ConnectAsync(b);
        await using var publisher = await JsonClient.ConnectAsync(a);
        await far.SubscribeAsync("log:x");
        var follower = Follower.Start(far);
        var publishing = SteadyPublisher.Start(publisher, "log:x");

        await publishing.PublishesMoreAsync(50);
        proxy.Delay(TimeSpan.FromMilliseconds(200));
        await publishing.PublishesMoreAsync(500);
        await using (var late = await JsonClient.ConnectAsync(b))
        {
            Assert.True((await late.SubscribeAsync("log:x")).Number("seq") > 0);
            Assert.Equal("ack", (await late.AskAnythingAsync(Expect.Message("log:y", "1"))).Text("type"));
        }
        proxy.Resume();

        await EndsAsync(publishing, publisher, follower);
    }

    /// <summary>Publishes a last message and waits until it has come, with all before it.</summary>
    private static async Task<IReadOnlyList<long>> EndsAsync(SteadyPublisher publishing, JsonClient publisher, Follower follower)
    {
        var accepted = await publishing.StopAsync();
        // The publisher's own node may be refusing still; with a key, asking until it is accepted publishes once.
        const string End = """{"type":"message","channel":"log:x","content":"end","key":"end","id":0}""";
        await Eventually.TrueAsync(
            async () => (await publisher.AskAnythingAsync(End)).Text("type") == "ack", "the last message is accepted");
        await follower.ReceivesAsync("\"end\"");
        Expect.NothingLostOrDoubled(follower, accepted);
        return accepted;
    }
}
