using System.Globalization;
using System.Text.Json;
using Gateway.Tests.Redis.Faults;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis;

/// <summary>Publishing without waiting for answers, over a Redis that answers slowly.</summary>
public sealed class PipelinedPublishTests
{
    private static readonly TimeSpan Away = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task Messages_that_wait_go_to_redis_together_and_are_answered_in_order()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var node = await Node.StartAsync(proxy.Address);
        await using var client = await OpenAsync(node);
        proxy.Delay(Away);

        await client.SendAsync(Frames(Enumerable.Range(1, 500).Select(i => Message("log:x", i))));

        var acks = await ReadAsync(client, 500);
        Assert.Equal(Enumerable.Range(1, 500).Select(i => ("ack", (long)i, (long)i)), acks
            .Select(ack => (ack.Text("type"), ack.Number("id"), ack.Number("seq"))));
        Assert.True(await CallsAsync(redis, "evalsha") < 100);
    }

    [Fact]
    public async Task Requests_taken_before_the_node_stops_are_answered_before_the_end()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var node = await Node.StartAsync(proxy.Address, "Drain:Duration=00:00:05");
        await using var client = await JsonClient.ConnectAsync(node);
        await client.PublishAsync("log:x", "0");
        proxy.Delay(TimeSpan.FromMilliseconds(300));
        for (int i = 1; i <= 5; i++)
            await client.PublishAsync("log:x", $"{i}", $""","id":{i}""");
        // The answer to this comes at once, so that what was sent before has been taken.
        await client.AskAsync("""{"type":"ping"}""", "pong");

        var stopping = node.StopAsync();

        for (int i = 1; i <= 5; i++)
            Assert.Equal(i, (await client.ReceiveAsync("ack")).Number("id"));
        Assert.Equal(1012, (await client.ReceiveAsync("disconnect")).Number("code"));
        await stopping;
    }

    [Fact]
    public async Task Without_history_too()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var node = await Node.StartAsync(proxy.Address);
        await using var other = await Node.StartAsync(redis.Address);
        await using var subscriber = await JsonClient.ConnectAsync(other);
        await subscriber.SubscribeAsync("plain:x");
        await using var client = await OpenAsync(node);
        proxy.Delay(Away);

        await client.SendAsync(Frames(Enumerable.Range(1, 500).Select(i => Message("plain:x", i))));

        Assert.Equal(Enumerable.Range(1, 500).Select(i => $"{i}"), (await subscriber.ReceiveMessagesAsync(500)).Select(
            message => message.Raw("content")));
        Assert.Equal(Enumerable.Range(1, 500).Select(i => (long)i), (await ReadAsync(client, 500)).Select(ack => ack.Number("id")));
    }

    [Theory]
    [InlineData("log:x")]
    [InlineData("plain:x")]
    public async Task A_key_that_comes_again_publishes_nothing_and_gets_the_first_answer(string channel)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var node = await Node.StartAsync(proxy.Address);
        await using var other = await Node.StartAsync(redis.Address);
        await using var subscriber = await JsonClient.ConnectAsync(other);
        await subscriber.SubscribeAsync(channel);
        await using var client = await OpenAsync(node);
        proxy.Delay(Away);

        // The first goes alone, the others together behind it.
        await client.SendAsync(Frames(
        [
            Message(channel, 1), Message(channel, 2, key: "a"), Message(channel, 3), Message(channel, 4, key: "a"),
            Message(channel, 5, key: "b"),
            Message(channel, 6), Message(channel, 7, key: "b"), Message(channel, 8, key: "a"), Message(channel, 9),
        ]));

        var acks = await ReadAsync(client, 9);
        Assert.Equal(["1", "2", "3", "5", "6", "9"], (await subscriber.ReceiveMessagesAsync(6)).Select(message => message.Raw("content")));
        if (channel == "log:x")
            Assert.Equal([1, 2, 3, 2, 4, 5, 4, 2, 6], acks.Select(ack => ack.Number("seq")));
    }

    [Fact]
    public async Task A_request_after_a_publish_is_answered_as_of_then()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var node = await Node.StartAsync(proxy.Address);
        await using var client = await OpenAsync(node);
        proxy.Delay(Away);

        await client.SendAsync(
            Frames([.. Enumerable.Range(1, 20).Select(i => Message("log:x", i)), """{"type":"history","channel":"log:x","id":"h"}"""]));

        Assert.All(await ReadAsync(client, 20), ack => Assert.Equal("ack", ack.Text("type")));
        Assert.Equal(20, (await client.ReadMessageAsync()).GetProperty("messages").GetArrayLength());
    }

    [Fact]
    public async Task A_client_that_closes_gets_its_answers_first()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var node = await Node.StartAsync(proxy.Address);
        await using var client = await OpenAsync(node);
        proxy.Delay(Away);

        await client.SendAsync((byte[])[.. Frames([Message("log:x", 1), Message("log:x", 2)]), .. RawWebSocket.CloseFrame(1000)]);

        Assert.Equal([1L, 2], (await ReadAsync(client, 2)).Select(ack => ack.Number("id")));
        Assert.Equal(1000, (await client.ReadFrameAsync())!.CloseCode);
    }

    [Fact]
    public async Task Large_messages_wait_their_turn_and_all_arrive()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var node = await Node.StartAsync(proxy.Address);
        await using var client = await OpenAsync(node);
        proxy.Delay(Away / 5);

        var sending = client.SendAsync(Frames(Enumerable.Range(1, 20).Select(i => Message("log:x", i, new string('x', 60_000)))));

        Assert.Equal(Enumerable.Range(1, 20).Select(i => (long)i), (await ReadAsync(client, 20)).Select(ack => ack.Number("seq")));
        await sending;
    }

    [Fact]
    public async Task When_redis_hangs_every_one_is_answered_in_time()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);
        await using var client = await OpenAsync(node);
        redis.Pause();
        try
        {
            await client.SendAsync(Frames(Enumerable.Range(1, 300).Select(i => Message("log:x", i))));

            var answers = await ReadAsync(client, 300).WaitAsync(TimeSpan.FromSeconds(6));
            // The first went alone; the others waited for its answer.
            Assert.Equal(Enumerable.Range(1, 300).Select(i => (i == 1 ? "unconfirmed" : "unavailable", (long)i)), answers
                .Select(error => (error.Text("code"), error.Number("id"))));
        }
        finally
        {
            redis.Resume();
        }
    }

    private static async Task<RawWebSocket> OpenAsync(GatewayServer node)
    {
        var client = await RawWebSocket.ConnectAsync(node.PublicPort);
        await client.ReadMessageAsync();
        return client;
    }

    private static string Message(string channel, int n, string? padding = null, string? key = null)
    {
        string content = padding is null ? $"{n}" : $"\"{padding}\"";
        string with = key is null ? "" : $",\"key\":\"{key}\"";
        return $$"""{"type":"message","id":{{n}},"channel":"{{channel}}","content":{{content}}{{with}}}""";
    }

    private static byte[] Frames(IEnumerable<string> messages) => [.. messages.SelectMany(message => RawWebSocket.TextFrame(message))];

    private static async Task<List<JsonElement>> ReadAsync(RawWebSocket client, int count)
    {
        var answers = new List<JsonElement>();
        while (answers.Count < count)
            answers.Add(await client.ReadMessageAsync());
        return answers;
    }

    private static async Task<int> CallsAsync(RedisServer redis, string command)
    {
        string stats = await redis.CommandAsync("INFO", "commandstats");
        string line = stats.Split('\n').First(line => line.StartsWith($"cmdstat_{command}:", StringComparison.Ordinal));
        return int.Parse(line.Split("calls=")[1].Split(',')[0], CultureInfo.InvariantCulture);
    }
}
