using Gateway.TestSupport;

namespace Gateway.Tests.Hostile;

/// <summary>Hostile JSON: the gateway answers with an error or passes it on unchanged, and keeps the connection.</summary>
public sealed class JsonBombTests
{
    public static TheoryData<string> Refused =>
    [
        Message(Nested('[', ']', 65)),
        Message(Nested('[', ']', 30_000)),
        new string('[', 60_000),
        string.Concat(Enumerable.Repeat("{\"a\":", 12_000)),
        Message("\"\\ud83c"),
        Message("\"\\x\""),
        Message("01"),
        Message("1e"),
        Message("NaN"),
        Message("-"),
        """{"type":"message","channel":"a","content":1""" + new string(' ', 60_000),
        """{"type":"message","channel":"a","content":1}}""",
        """{"type":"message","channel":"\ud83c","content":1}""",
        """{"type":"history","channel":"a","limit":1e999}""",
        """{"type":"history","channel":"a","limit":99999999999999999999999999}""",
    ];

    public static TheoryData<string> PassedOn =>
    [
        Nested('[', ']', 60),
        "1e999999999",
        "-0.00000000000000000000000000000000000000000000000000000000000001",
        new string('9', 60_000),
        """{"a":1,"a":2,"a":{"a":3}}""",
        "\"\\ud83c\"",
        "\"\\udf0a\\ud83c\"",
        "\"\\u0000\"",
        """{"__proto__":{"polluted":true},"constructor":null}""",
        "\"" + string.Concat(Enumerable.Repeat("\\u003c", 10_000)) + "\"",
        "{" + string.Join(",", Enumerable.Range(0, 6_000).Select(i => $"\"{i}\":0")) + "}",
    ];

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Unreadable_JSON_is_an_error(string text)
    {
        await using var server = await GatewayServer.StartAsync();
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");
        Assert.Equal("bad_request", (await client.AskAsync(text, "error")).Text("code"));
        Assert.True(await client.HearsOnlyPongAsync());
    }

    [Theory]
    [MemberData(nameof(PassedOn))]
    public async Task Readable_JSON_is_passed_on_byte_for_byte(string content)
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:default:History=1");
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");
        await client.SendAsync(Message(content));
        // The test does not parse the answer: the platform would refuse some of it.
        Assert.Contains($"\"content\":{content}", await client.ReceiveTextAsync(), StringComparison.Ordinal);
        Assert.True(await client.HearsOnlyPongAsync());
    }

    [Fact]
    public async Task Of_a_field_that_comes_twice_the_last_counts()
    {
        await using var server = await GatewayServer.StartAsync();
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");
        await client.SubscribeAsync("b");
        await client.SendAsync("""{"type":"ping","type":"message","channel":"a","channel":"b","content":1,"content":2,"id":1,"id":2}""");
        var answers = new[] { await client.ReceiveAsync(), await client.ReceiveAsync() }
            .OrderBy(answer => answer.Text("type"), StringComparer.Ordinal).ToList();
        Assert.Equal(("ack", "2", "b"), (answers[0].Text("type"), answers[0].Raw("id"), answers[0].Text("channel")));
        Assert.Equal(("message", "2", "b"), (answers[1].Text("type"), answers[1].Raw("content"), answers[1].Text("channel")));
        Assert.True(await client.HearsOnlyPongAsync());
    }

    private static string Message(string content) => $$"""{"type":"message","channel":"a","content":{{content}}}""";

    private static string Nested(char open, char close, int levels) => new string(open, levels) + new string(close, levels);
}
