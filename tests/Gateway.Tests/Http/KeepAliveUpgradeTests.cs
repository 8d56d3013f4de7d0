using System.Text.Json;
using Gateway.Tests.WebSockets;
using Gateway.TestSupport;
using static Gateway.Tests.Http.HttpRequests;

namespace Gateway.Tests.Http;

/// <summary>
/// An upgrade behind other requests of its connection, as a proxy sends it that keeps connections open: a WebSocket like any other.
/// </summary>
public sealed class KeepAliveUpgradeTests(SharedPort port) : IClassFixture<SharedPort>
{
    private async Task<RawWebSocket> UpgradeSecondAsync(string path, params string[] headers)
    {
        var client = await port.ConnectAsync();
        await client.SendTextAsync(Get("/health/live"));
        Assert.Equal(200, (await client.ReadReplyAsync()).Status);
        await client.SendTextAsync(RawWebSocket.UpgradeRequest(path, headers));
        var reply = await client.ReadReplyAsync();
        Assert.Equal((101, "websocket", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), (reply.Status, reply["Upgrade"], reply["Sec-WebSocket-Accept"]));
        return client;
    }

    [Fact]
    public async Task Echo_works_from_the_first_message_to_the_end()
    {
        await using var client = await UpgradeSecondAsync("/echo");
        await client.SendMessageAsync("hello");
        await Expect.TextAsync(client, "hello");
        await client.SendAsync(RawWebSocket.Frame(Expect.Ping, "?"u8));
        await Expect.FrameAsync(client, Expect.Pong, "?"u8.ToArray());
        foreach (int length in new[] { 0, 126, 20_000, 65_536 })
        {
            await client.SendAsync(RawWebSocket.Frame(Expect.Binary, Expect.Bytes(length)));
            await Expect.FrameAsync(client, Expect.Binary, Expect.Bytes(length));
        }
        await client.SendAsync(RawWebSocket.CloseFrame(1000, "done"));
        Assert.Equal(1000, (await Expect.FrameAsync(client, Expect.Close)).CloseCode);
        await Expect.EndOfStreamAsync(client);
    }

    [Fact]
    public async Task Ws_works_from_the_first_message_to_the_end()
    {
        await using var client = await UpgradeSecondAsync("/ws", "Sec-WebSocket-Protocol: gateway.v1.json");
        Assert.Equal("connected", await TypeAsync(client));
        await client.SendMessageAsync("""{"type":"subscribe","channel":"news"}""");
        Assert.Equal("subscribed", await TypeAsync(client));
        await client.SendMessageAsync("""{"type":"message","channel":"news","content":1}""");
        Assert.Equal("message", await TypeAsync(client));
        await client.SendAsync(RawWebSocket.CloseFrame(3000));
        Assert.Equal(3000, (await Expect.FrameAsync(client, Expect.Close)).CloseCode);
        await Expect.EndOfStreamAsync(client);
    }

    [Fact]
    public async Task Messages_pass_between_it_and_an_ordinary_connection()
    {
        await using var second = await UpgradeSecondAsync("/ws");
        await using var first = await RawWebSocket.ConnectAsync(port.Gateway.PublicPort);
        foreach (var client in new[] { first, second })
        {
            Assert.Equal("connected", await TypeAsync(client));
            await client.SendMessageAsync("""{"type":"subscribe","channel":"both"}""");
            Assert.Equal("subscribed", await TypeAsync(client));
        }
        await first.SendMessageAsync("""{"type":"message","channel":"both","content":1}""");
        Assert.Equal("message", await TypeAsync(first));
        Assert.Equal("message", await TypeAsync(second));
    }

    [Fact]
    public async Task The_subprotocol_is_confirmed()
    {
        var client = await port.ConnectAsync();
        await using var _ = client;
        await client.SendTextAsync(Get("/health/live"));
        await client.ReadReplyAsync();
        await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws", "Sec-WebSocket-Protocol: other, bearer.x, gateway.v1.json"));
        Assert.Equal("gateway.v1.json", (await client.ReadReplyAsync())["Sec-WebSocket-Protocol"]);
    }

    [Theory]
    [InlineData(1002, new byte[] { 0x83 })]
    [InlineData(1007, new byte[] { 0x81, 0x81, 0, 0, 0, 0, 0xFF })]
    [InlineData(1009, new byte[] { 0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 1 })]
    public async Task Violations_are_refused_alike(int code, byte[] sent)
    {
        await using var client = await UpgradeSecondAsync("/echo");
        await client.SendAsync(sent);
        await Expect.FailureAsync(client, code);
    }

    [Fact]
    public async Task Frames_right_behind_the_upgrade_request_are_handled()
    {
        await using var client = await port.ConnectAsync();
        byte[] requests = System.Text.Encoding.ASCII.GetBytes(Get("/health/live") + RawWebSocket.UpgradeRequest("/echo"));
        await client.SendAsync((byte[])[.. requests, .. RawWebSocket.TextFrame("early"), .. RawWebSocket.CloseFrame(1000)]);
        Assert.Equal(200, (await client.ReadReplyAsync()).Status);
        Assert.Equal(101, (await client.ReadReplyAsync()).Status);
        await Expect.TextAsync(client, "early");
        Assert.Equal(1000, (await Expect.FrameAsync(client, Expect.Close)).CloseCode);
        await Expect.EndOfStreamAsync(client);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_vanishes_leaves_nothing(bool reset)
    {
        int before = port.Gateway.Connections.Count;
        await using var client = await UpgradeSecondAsync("/echo");
        await client.SendMessageAsync("here");
        await Expect.TextAsync(client, "here");
        if (reset)
            client.Reset();
        else
            await client.DisposeAsync();
        await Eventually.TrueAsync(() => port.Gateway.Connections.Count <= before, "the connection is gone");
    }

    [Fact]
    public async Task A_bad_upgrade_is_refused_and_the_connection_closed()
    {
        await using var client = await port.ConnectAsync();
        await client.SendTextAsync(Get("/health/live"));
        await client.ReadReplyAsync();
        await client.SendTextAsync(UpgradeWith("Sec-WebSocket-Version", "8"));
        var reply = await client.ReadReplyAsync();
        Assert.Equal(
            (426, "13", "Sec-WebSocket-Version must be 13"), (reply.Status, reply["Sec-WebSocket-Version"], reply.Json("message")));
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Theory]
    [InlineData("Content-Length: 5", "hello")]
    [InlineData("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n")]
    public async Task An_upgrade_with_a_body_is_refused_and_the_connection_closed(string header, string body)
    {
        await using var client = await port.ConnectAsync();
        await client.SendTextAsync(Get("/health/live"));
        await client.ReadReplyAsync();
        await client.SendTextAsync(RawWebSocket.UpgradeRequest("/echo", header) + body);
        var reply = await client.ReadReplyAsync();
        Assert.Equal((400, "an upgrade request must not have a body"), (reply.Status, reply.Json("message")));
        Assert.Empty(await client.ReadToEndAsync());
    }

    private static async Task<string?> TypeAsync(RawWebSocket client) =>
        JsonDocument.Parse((await Expect.FrameAsync(client, Expect.Text)).Text).RootElement.GetProperty("type").GetString();
}
