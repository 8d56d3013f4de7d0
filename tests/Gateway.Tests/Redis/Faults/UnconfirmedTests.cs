using System.Net;
using System.Text.Json;
using Gateway.TestSupport;
using Gateway.Tests.Api;
using Gateway.Tests.Sse;

namespace Gateway.Tests.Redis.Faults;

/// <summary>
/// The answers to publishers when Redis refuses and when Redis does not answer: the first means that nothing was done, the second that the
/// outcome is unknown.
/// </summary>
public sealed class UnconfirmedTests
{
    [Theory]
    [InlineData("log:x")]
    [InlineData("plain:x")]
    public async Task Without_an_answer_a_message_is_unconfirmed_and_those_behind_it_are_refused_and_never_published(string channel)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var far = await JsonClient.ConnectAsync(b);
        await far.SubscribeAsync(channel);
        await using var client = await JsonClient.ConnectAsync(a);

        redis.Pause();
        // With a key, without history too a script.
        await client.PublishAsync(channel, "1", ""","id":1,"key":"one" """);
        await client.PublishAsync(channel, "2", ""","id":2 """);
        await client.PublishAsync(channel, "3", ""","id":3 """);
        var answers = new[] { await client.ReceiveAsync("error"), await client.ReceiveAsync("error"), await client.ReceiveAsync("error") };
        Assert.Equal(
            [("unconfirmed", 1), ("unavailable", 2), ("unavailable", 3)],
            answers.Select(answer => (answer.Text("code"), answer.Number("id"))));
        redis.Resume();

        await b.IsReadyAsync();
        await a.IsReadyAsync();
        await client.AskAsync(Expect.Message(channel, "4"), "ack");
        // The first was waiting in Redis's socket, and nothing else was.
        Assert.Equal(["1", "4"], (await far.ReceiveMessagesAsync(2)).Select(message => message.Raw("content")));
    }

    [Fact]
    public async Task Sent_again_with_its_key_an_unconfirmed_message_is_published_once()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        const string Keyed = """{"type":"message","channel":"log:x","content":"once","key":"k","id":1}""";

        redis.Pause();
        Assert.Equal("unconfirmed", (await client.AskAsync(Keyed, "error")).Text("code"));
        redis.Resume();
        await node.IsReadyAsync();

        Assert.Equal(1, (await client.AskAsync(Keyed, "ack")).Number("seq"));
        Assert.Equal(2, (await client.AskAsync(Expect.Message("log:x", "2"), "ack")).Number("seq"));
    }

    [Fact]
    public async Task When_the_connection_breaks_under_a_call_it_is_unconfirmed_and_was_done()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var node = await Node.StartAsync(proxy.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        await client.AskAsync(Expect.Message("log:x", "1"), "ack");
        proxy.Delay(TimeSpan.FromMilliseconds(400));

        await client.PublishAsync("log:x", "2", ""","id":2 """);
        await Eventually.TrueAsync(async () => await redis.CommandAsync("XLEN", "gateway:h:{log:x}") == "2", "Redis has it");
        proxy.Refuse();
        proxy.Cut();

        Assert.Equal("unconfirmed", (await client.ReceiveAsync("error")).Text("code"));
    }

    [Fact]
    public async Task Without_a_connection_a_message_is_refused_and_never_published()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var node = await Node.StartAsync(proxy.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        await client.AskAsync(Expect.Message("log:x", "1"), "ack");
        proxy.Refuse();
        proxy.Cut();
        await node.IsNotReadyAsync();

        await Expect.UnavailableAsync(client, Expect.Message("log:x", "2"));

        proxy.Resume();
        await node.IsReadyAsync();
        Assert.Equal(2, (await client.AskAsync(Expect.Message("log:x", "3"), "ack")).Number("seq"));
    }

    [Theory]
    [InlineData("CONFIG", "SET", "maxmemory", "1")]
    [InlineData("CONFIG", "SET", "min-replicas-to-write", "1")]
    [InlineData("SET", "gateway:m:{log:x}", "not a hash")]
    public async Task A_publish_that_Redis_refuses_is_refused(params string[] command)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        await client.AskAsync(Expect.Message("log:x", "1"), "ack");
        await redis.CommandAsync(command);

        await Expect.UnavailableAsync(client, Expect.Message("log:x", "2"));

        Assert.Equal("1", await redis.CommandAsync("XLEN", "gateway:h:{log:x}"));
    }

    [Fact]
    public async Task A_full_Redis_refuses_the_first_message_of_a_channel_too()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        await redis.CommandAsync("CONFIG", "SET", "maxmemory", "1");

        await Expect.UnavailableAsync(client, Expect.Message("log:new", "1"));

        Assert.Equal("0", await redis.CommandAsync("EXISTS", "gateway:m:{log:new}", "gateway:h:{log:new}"));
    }

    [Fact]
    public async Task By_HTTP_an_answer_of_504_says_so()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address, "Namespaces:log:Publish=anyone");
        redis.Pause();

        var published = node.PostAsync("publish", """{"channel":"log:a","content":1}""");
        var broadcast = node.PostAsync("broadcast", """{"channels":["log:b","plain:b"],"content":1}""");
        var batch = node.PostAsync("batch",
            """{"commands":[{"type":"publish","channel":"log:c","content":1},{"type":"publish","channel":"log:c","content":2}]}""");
        var posted = Publishing.PostAsync(node.PublicPort, """{"channel":"log:d","content":1}""");

        Assert.Equal((504, "log:a", 504),
            ((await published).Status, (await published).Json.Text("channel"), (await published).Json.Number("status")));
        Assert.Equal([("log:b", 504), ("plain:b", 504)], Results(await broadcast));
        Assert.Equal([("log:c", 504), ("log:c", 503)], Results(await batch));
        var (status, body) = await posted;
        Assert.Equal((HttpStatusCode.GatewayTimeout, "unconfirmed"), (status, JsonDocument.Parse(body).RootElement.Text("error")));
        redis.Resume();

        static IEnumerable<(string, long)> Results(ApiAnswer answer) =>
            answer.Json.GetProperty("results").EnumerateArray().Select(result => (result.Text("channel"), result.Number("status")));
    }
}
