using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>A Redis that cannot be reached for different reasons, as clients and load balancers see it, and its return.</summary>
public sealed class RedisAwayTests
{
    public enum Fault
    {
        Killed,
        Paused,
        Swallowed,
        Refused,
    }

    [Theory]
    [InlineData(Fault.Killed)]
    [InlineData(Fault.Paused)]
    [InlineData(Fault.Swallowed)]
    [InlineData(Fault.Refused)]
    public async Task Every_request_is_answered_and_the_node_is_not_ready_until_it_is_back(Fault fault)
    {
        await using var redis = await RedisServer.StartAsync(persistent: true);
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var node = await Node.StartAsync(proxy.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        await client.SubscribeAsync("log:x");
        await client.SubscribeAsync("plain:x");

        Begin(fault, redis, proxy);
        // At once, and when the node has noticed.
        await Expect.NotAcceptedAsync(client, Expect.Message("log:x", "\"lost\""));
        await Expect.NotAcceptedAsync(client, Expect.Message("plain:x", "\"lost\""));
        await node.IsNotReadyAsync();
        await Expect.NotAcceptedAsync(client, Expect.Message("log:x", "\"lost\""));
        await Expect.NotAcceptedAsync(client, Expect.Message("plain:x", "\"lost\""));
        await Expect.UnavailableAsync(client, """{"type":"subscribe","channel":"log:y","id":2}""");
        await Expect.UnavailableAsync(client, """{"type":"history","channel":"log:x","id":3}""");
        await using var another = await JsonClient.ConnectAsync(node);
        await Expect.UnavailableAsync(another, """{"type":"presence","channel":"room:x","id":4}""");

        await EndAsync(fault, redis, proxy);
        await node.IsReadyAsync();
        await another.PublishManyAsync("log:x", 1, first: 7);
        // A message that was not confirmed while Redis was paused may have reached it all the same.
        var next = await client.ReceiveUntilAsync(message => message.Text("type") != "message" || message.Raw("content") != "\"lost\"");
        Assert.Equal(("message", "log:x", "7"), (next.Text("type"), next.Text("channel"), next.Raw("content")));
        await another.PublishManyAsync("plain:x", 1, first: 8);
        var plain = await client.ReceiveUntilAsync(message => message.Text("type") != "message" || message.Raw("content") != "\"lost\"");
        Assert.Equal(("message", "plain:x", "8"), (plain.Text("type"), plain.Text("channel"), plain.Raw("content")));
    }

    private static void Begin(Fault fault, RedisServer redis, TcpProxy proxy)
    {
        switch (fault)
        {
            case Fault.Killed:
                redis.Kill();
                break;
            case Fault.Paused:
                redis.Pause();
                break;
            case Fault.Swallowed:
                proxy.Swallow();
                break;
            default:
                proxy.Refuse();
                proxy.Cut();
                break;
        }
    }

    private static async Task EndAsync(Fault fault, RedisServer redis, TcpProxy proxy)
    {
        switch (fault)
        {
            case Fault.Killed:
                await redis.RestartAsync(keepData: true);
                break;
            case Fault.Paused:
                redis.Resume();
                break;
            default:
                proxy.Resume();
                break;
        }
    }

    [Fact]
    public async Task A_message_unconfirmed_during_ten_seconds_of_pause_and_sent_again_with_its_key_is_delivered_once()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await TimedNode.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var far = await JsonClient.ConnectAsync(b);
        await using var publisher = await JsonClient.ConnectAsync(a.Server);
        await far.SubscribeAsync("log:x");
        var follower = Follower.Start(far);
        await publisher.PublishManyAsync("log:x", 3);

        redis.Pause();
        Assert.Equal("unconfirmed", (await a.PassUntilAsync(publisher.AskAsync(Keyed(), "error"))).Text("code"));
        await a.PassAsync(TimeSpan.FromSeconds(10));
        redis.Resume();
        await a.IsReadyAsync();
        await b.IsReadyAsync();
        await publisher.AskAsync(Keyed(), "ack");
        await publisher.AskAsync(Expect.Message("log:x", "\"end\""), "ack");

        await follower.ReceivesAsync("\"end\"");
        Assert.Equal(["1", "2", "3", "\"again\"", "\"end\""], follower.Received.Select(message => message.Raw("content")));
        Assert.Equal([1, 2, 3, 4, 5], follower.Received.Seqs());

        static string Keyed() => """{"type":"message","channel":"log:x","content":"again","key":"k","id":9}""";
    }

    [Fact]
    public async Task A_node_started_while_it_is_down_becomes_ready_and_works_when_it_is_up()
    {
        await using var redis = await RedisServer.StartAsync();
        redis.Kill();

        await using var node = await Node.LaunchAsync(redis.Address);
        await node.IsNotReadyAsync();
        await using var client = await JsonClient.ConnectAsync(node);
        await Expect.UnavailableAsync(client, Expect.Message("log:x", "1"));

        await redis.RestartAsync(keepData: false);
        await node.IsReadyAsync();
        await client.SubscribeAsync("log:x");
        await client.PublishAsync("log:x", "2");
        Assert.Equal(1, (await client.ReceiveAsync("message")).Number("seq"));
    }
}
