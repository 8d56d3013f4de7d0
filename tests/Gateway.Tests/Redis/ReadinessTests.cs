using Gateway.TestSupport;
using static Gateway.Tests.Http.HttpRequests;

namespace Gateway.Tests.Redis;

/// <summary>The answers of <c>/health/ready</c> on the public and on the internal port, as in the protocol under "Endpoints".</summary>
public sealed class ReadinessTests
{
    [Fact]
    public async Task Only_the_operator_learns_the_address_of_a_redis_that_is_away()
    {
        await using var first = await RedisServer.StartAsync();
        await using var second = await RedisServer.StartAsync();
        await using var server = await GatewayServer.StartAsync($"Redis:Addresses={first.Address};{second.Address}");
        await Eventually.TrueAsync(async () => (await AskAsync(server.PublicPort)).Body == """{"status":"ready"}""", "the node is ready");

        second.Kill();
        const string Degraded = """{"status":"ready","degraded":"part of the backplane is out of reach"}""";
        await Eventually.TrueAsync(async () => (await AskAsync(server.PublicPort)).Body == Degraded, "a part is missed");
        var health = await AskAsync(server.InternalPort);
        Assert.Equal(200, health.Status);
        Assert.Contains(second.Address, health.Json("degraded"), StringComparison.Ordinal);

        first.Kill();
        await Eventually.TrueAsync(async () => (await AskAsync(server.PublicPort)).Status == 503, "all is missed");
        Assert.Equal("""{"status":"not ready","reason":"the backplane is out of reach"}""", (await AskAsync(server.PublicPort)).Body);
        health = await AskAsync(server.InternalPort);
        Assert.Equal(503, health.Status);
        Assert.Contains(first.Address, health.Json("reason"), StringComparison.Ordinal);
        Assert.Contains(second.Address, health.Json("reason"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_public_answer_names_it()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var server = await GatewayServer.StartAsync(
            "Redis:Addresses=" + redis.Address, "Namespaces:log:History=10", "Namespaces:log:Presence=true");
        await Eventually.TrueAsync(async () => (await AskAsync(server.PublicPort)).Status == 200, "the node is ready");
        await using var client = await JsonClient.ConnectAsync(server);
        redis.Kill();
        await Eventually.TrueAsync(async () => (await AskAsync(server.PublicPort)).Status == 503, "it is missed");

        var answers = new List<string>();
        foreach (string request in new[]
        {
            """{"type":"message","channel":"log:a","content":1,"id":1}""", """{"type":"subscribe","channel":"log:a"}""",
            """{"type":"history","channel":"log:a","id":2}""", """{"type":"presence","channel":"log:a","id":3}""",
        })
            answers.Add((await client.AskAsync(request, "error")).GetRawText());
        await using var publisher = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        const string Message = """{"channel":"log:a","content":1}""";
        await publisher.SendTextAsync($"POST /publish HTTP/1.1\r\nHost: gateway\r\nContent-Length: {Message.Length}\r\n\r\n{Message}");
        answers.Add((await publisher.ReadReplyAsync()).Body);
        await publisher.SendTextAsync(Get("/sse?channel=log:a"));
        string stream = await publisher.ReadHeadAsync() + await publisher.ReadLineAsync();
        answers.Add(stream);

        Assert.All(answers, answer =>
        {
            Assert.DoesNotContain("127.0.0.1", answer, StringComparison.Ordinal);
            Assert.DoesNotContain("Redis", answer, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(redis.Address, answer, StringComparison.Ordinal);
        });
    }

    private static async Task<HttpReply> AskAsync(int port)
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(port);
        await client.SendTextAsync(Get("/health/ready"));
        return await client.ReadReplyAsync();
    }
}
