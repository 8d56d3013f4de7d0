using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>
/// A Redis that does not answer while its connections stay open: what one request waits for, others do not. The node's time stands still
/// unless a test lets it pass, so whatever is answered meanwhile has waited for no deadline.
/// </summary>
public sealed class RedisSilentTests
{
    /// <summary>The time within which the protocol promises an answer.</summary>
    private static readonly TimeSpan InTime = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task A_ping_does_not_wait_behind_a_subscribe()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await TimedNode.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(node.Server);
        redis.Pause();
        try
        {
            await client.SendAsync("""{"type":"subscribe","channel":"log:x","id":1}""");
            await client.AskAsync("""{"type":"ping","id":2}""", "pong");

            await node.PassAsync(InTime);
            Assert.Equal("unavailable", (await client.ReceiveAsync("error")).Text("code"));
        }
        finally
        {
            redis.Resume();
        }
    }

    [Theory]
    [InlineData("""{"type":"message","channel":"log:x","content":1,"id":1}""")]
    [InlineData("""{"type":"history","channel":"log:x","id":1}""")]
    [InlineData("""{"type":"presence","channel":"room:x","id":1}""")]
    [InlineData("""{"type":"subscribe","channel":"room:x","id":1}""")]
    [InlineData("""{"type":"subscribe","channel":"log:x","id":1,"recover":{"epoch":"e","seq":1}}""")]
    [InlineData("""{"type":"subscribe","channel":"log:known","id":1}""")]
    [InlineData("""{"type":"subscribe","channel":"room:known","id":1}""")]
    public async Task Every_request_is_answered_in_time_and_a_ping_behind_it_at_once(string request)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await TimedNode.StartAsync(redis.Address);
        await using var other = await JsonClient.ConnectAsync(node.Server);
        await other.SubscribeAsync("log:known");
        await other.SubscribeAsync("room:known");
        await using var client = await JsonClient.ConnectAsync(node.Server);
        redis.Pause();
        try
        {
            await client.SendAsync(request);
            await client.AskAsync("""{"type":"ping"}""", "pong");

            await node.PassAsync(InTime);
            await client.ReceiveUntilAsync(message => message.Has("id"));
        }
        finally
        {
            redis.Resume();
        }
    }

    [Fact]
    public async Task Many_requests_of_one_client_are_all_answered_in_time_in_the_order_of_each_channel()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await TimedNode.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(node.Server);
        redis.Pause();
        try
        {
            for (int i = 0; i < 300; i++)
            {
                string type = (i % 3) switch { 0 => "subscribe", 1 => "history", _ => "unsubscribe" };
                await client.SendAsync($$"""{"type":"{{type}}","channel":"log:{{i / 3}}","id":{{i}}}""");
            }
            await node.PassAsync(InTime);
            var answers = new List<JsonElement>();
            while (answers.Count < 300)
                answers.Add(await client.ReceiveAsync());
            foreach (var ofChannel in answers.GroupBy(answer => answer.Text("channel")))
            {
                Assert.Equal(ofChannel.Select(answer => answer.Number("id")).Order(), ofChannel.Select(answer => answer.Number("id")));
                Assert.Equal(["unavailable", "unavailable", "not_subscribed"], ofChannel.Select(answer => answer.Text("code")));
            }
        }
        finally
        {
            redis.Resume();
        }
    }

    [Fact]
    public async Task Large_messages_sent_at_once_are_all_answered_in_time()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await TimedNode.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(node.Server);
        string content = "\"" + new string('x', 30_000) + "\"";
        redis.Pause();
        try
        {
            var sending = Task.Run(async () =>
            {
                for (int i = 0; i < 20; i++)
                    await client.PublishAsync("log:x", content, $$""","id":{{i}}""");
            });
            await node.PassAsync(InTime);
            for (int i = 0; i < 20; i++)
                Assert.Equal(i, (await client.ReceiveAsync("error")).Number("id"));
            await sending;
        }
        finally
        {
            redis.Resume();
        }
    }

    [Fact]
    public async Task Channels_of_another_server_do_not_wait()
    {
        await using var first = await RedisServer.StartAsync();
        await using var second = await RedisServer.StartAsync();
        await using var node = await TimedNode.StartAsync(first.Address + ";" + second.Address);
        await using var finding = await JsonClient.ConnectAsync(node.Server);
        var (onFirst, onSecond) = (new List<string>(), new List<string>());
        foreach (string channel in Enumerable.Range(0, 40).Select(i => $"log:{i}z"))
        {
            await finding.SubscribeAsync(channel);
            (await first.SubscribersAsync(channel) > 0 ? onFirst : onSecond).Add(channel);
        }
        await using var client = await JsonClient.ConnectAsync(node.Server);
        first.Pause();
        try
        {
            foreach (string channel in onFirst.Take(5))
                await client.SendAsync($$"""{"type":"subscribe","channel":"{{channel}}","id":"slow"}""");
            foreach (string channel in onSecond.Take(5))
                await client.SubscribeAsync(channel);
            await client.AskAsync(Expect.Message(onSecond[5], "1"), "ack");
        }
        finally
        {
            first.Resume();
        }
    }

    [Fact]
    public async Task Requests_for_one_channel_keep_their_order()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var node = await Node.StartAsync(proxy.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        proxy.Delay(TimeSpan.FromMilliseconds(50));

        for (int round = 0; round < 5; round++)
        {
            await client.SendAsync("""{"type":"subscribe","channel":"log:x","id":1}""");
            await client.SendAsync("""{"type":"message","channel":"log:x","content":"mine","id":2}""");
            await client.SendAsync("""{"type":"message","channel":"log:x","content":"mine too","id":3}""");
            await client.SendAsync("""{"type":"history","channel":"log:x","limit":1,"id":4}""");
            await client.SendAsync("""{"type":"unsubscribe","channel":"log:x","id":5}""");
            await client.SendAsync("""{"type":"ping","id":6}""");

            Assert.Equal("pong", (await client.ReceiveAsync()).Text("type"));
            var answers = new List<JsonElement>();
            var messages = new List<JsonElement>();
            while (answers.Count < 5)
            {
                var next = await client.ReceiveAsync();
                (next.Text("type") == "message" ? messages : answers).Add(next);
            }
            Assert.Equal(["subscribed", "ack", "ack", "history", "unsubscribed"], answers.Select(answer => answer.Text("type")));
            Assert.Equal([1L, 2, 3, 4, 5], answers.Select(answer => answer.Number("id")));
            long seq = answers[0].Number("seq");
            Assert.Equal([seq + 1, seq + 2], answers.Skip(1).Take(2).Seqs());
            Assert.Equal(seq + 2, answers[3].GetProperty("messages")[0].Number("seq"));
            Assert.Equal(messages.Seqs(), Enumerable.Range(1, messages.Count).Select(i => seq + i));
        }
    }

    [Fact]
    public async Task A_node_drains_within_its_time()
    {
        var duration = TimeSpan.FromSeconds(3);
        await using var redis = await RedisServer.StartAsync();
        await using var node = await TimedNode.StartAsync(redis.Address, $"Drain:Duration={duration:c}");
        var clients = new List<JsonClient>();
        for (int i = 0; i < 10; i++)
        {
            clients.Add(await JsonClient.ConnectAsync(node.Server));
            await clients[i].SubscribeAsync("room:x");
        }
        // One that does not answer its close frame.
        await using var mute = await RawWebSocket.ConnectAsync(node.Server.PublicPort);
        redis.Pause();
        try
        {
            foreach (var client in clients)
                await client.SendAsync("""{"type":"subscribe","channel":"log:new"}""");

            var stopping = node.Server.StopAsync();
            var following = clients.ConvertAll(Follower.Start);
            await node.PassAsync(duration);

            await stopping;
            foreach (var client in following)
                await client.ReceivesAsync(message => message.Text("type") == "disconnect" && message.Number("code") == 1012, "1012");
        }
        finally
        {
            redis.Resume();
        }
        foreach (var client in clients)
            await client.DisposeAsync();
    }
}
