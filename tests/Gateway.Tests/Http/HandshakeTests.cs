using Gateway.Tests.WebSockets;
using Gateway.TestSupport;
using static Gateway.Tests.Http.HttpRequests;

namespace Gateway.Tests.Http;

/// <summary>
/// The handshake of RFC 6455 section 4.2 over the wire. Every refusal gives its reason in JSON and closes the connection.
/// </summary>
public sealed class HandshakeTests(SharedPort port) : IClassFixture<SharedPort>
{
    public static TheoryData<int, string, string> Refused => new()
    {
        { 400, "the Host header is missing or empty", UpgradeWithout("Host") },
        { 400, "the Host header must be one host, optionally with a port", UpgradeWith("Host", "a/b") },
        { 400, "the Host header was sent more than once", RawWebSocket.UpgradeRequest("/ws", "Host: other") },
        { 400, "the Connection header must name Upgrade", UpgradeWithout("Connection") },
        { 400, "the Connection header must name Upgrade", UpgradeWith("Connection", "keep-alive") },
        { 400, "the Sec-WebSocket-Key header is missing", UpgradeWithout("Sec-WebSocket-Key") },
        { 400, "Sec-WebSocket-Key must be the base64 of 16 bytes", UpgradeWith("Sec-WebSocket-Key", "c2hvcnQ=") },
        {
            400, "the Sec-WebSocket-Key header was sent more than once",
            RawWebSocket.UpgradeRequest("/ws", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
        },
        {
            400, "the Sec-WebSocket-Version header was sent more than once",
            RawWebSocket.UpgradeRequest("/ws", "Sec-WebSocket-Version: 13")
        },
        { 400, "the Origin header must be one origin", RawWebSocket.UpgradeRequest("/ws", "Origin: http://a http://b") },
        { 400, "an upgrade request must not have a body", RawWebSocket.UpgradeRequest("/ws", "Content-Length: 5") + "hello" },
        { 400, "an upgrade request must not have a body", RawWebSocket.UpgradeRequest("/ws", "Transfer-Encoding: chunked") + "0\r\n\r\n" },
        {
            400, "a WebSocket upgrade must use HTTP/1.1",
            RawWebSocket.UpgradeRequest("/ws").Replace("HTTP/1.1", "HTTP/1.0", StringComparison.Ordinal)
        },
        { 400, "a header must not be folded over several lines", RawWebSocket.UpgradeRequest("/ws", "X-Folded: a", " b") },
        { 400, "a header line has no colon", RawWebSocket.UpgradeRequest("/ws", "nonsense") },
        { 400, "a blank stands between a header name and its colon", RawWebSocket.UpgradeRequest("/ws", "X-Blank : a") },
        { 400, "a header value holds a control character", RawWebSocket.UpgradeRequest("/ws", "X-Control: \u0001") },
        {
            400, "every line must end in CRLF, and neither may stand alone",
            RawWebSocket.UpgradeRequest("/ws").Replace("\r\n", "\n", StringComparison.Ordinal)
        },
        { 400, "the request target must not have a fragment", RawWebSocket.UpgradeRequest("/ws?a#b") },
        { 400, "Sec-WebSocket-Protocol must list non-empty tokens", RawWebSocket.UpgradeRequest("/ws", "Sec-WebSocket-Protocol: a,,b") },
        { 400, "Sec-WebSocket-Protocol names a subprotocol twice", RawWebSocket.UpgradeRequest("/ws", "Sec-WebSocket-Protocol: a, a") },
        { 426, "Sec-WebSocket-Version must be 13", UpgradeWithout("Sec-WebSocket-Version") },
        { 426, "Sec-WebSocket-Version must be 13", UpgradeWith("Sec-WebSocket-Version", "8") },
        { 426, "Sec-WebSocket-Version must be 13", UpgradeWith("Sec-WebSocket-Version", "14") },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_bad_upgrade_is_refused_with_the_reason_and_the_connection_closed(int status, string message, string request)
    {
        var reply = await port.AskOnceAsync(request);
        Assert.Equal((status, "bad_request", message), (reply.Status, reply.Json("error"), reply.Json("message")));
        Assert.StartsWith("application/json", reply["Content-Type"], StringComparison.Ordinal);
        Assert.Equal(status == 426 ? "close, Upgrade" : "close", reply["Connection"]);
        Assert.Equal(status == 426 ? "13" : null, reply["Sec-WebSocket-Version"]);
    }

    [Fact]
    public async Task Frames_behind_a_refused_upgrade_are_not_answered()
    {
        await using var client = await port.ConnectAsync();
        byte[] request = System.Text.Encoding.ASCII.GetBytes(UpgradeWithout("Sec-WebSocket-Key", "/echo"));
        await client.SendAsync((byte[])[.. request, .. RawWebSocket.TextFrame("hello"), .. RawWebSocket.Frame(Expect.Ping, [])]);
        Assert.Equal(400, (await client.ReadReplyAsync()).Status);
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("get")]
    public async Task An_upgrade_by_another_method_is_refused(string method)
    {
        var reply = await port.AskOnceAsync(string.Concat(method, RawWebSocket.UpgradeRequest("/ws").AsSpan(3)));
        Assert.Equal((400, "the method of a WebSocket upgrade must be GET"), (reply.Status, reply.Json("message")));
    }

    [Theory]
    [InlineData("/unknown")]
    [InlineData("/")]
    [InlineData("/ws/more")]
    public async Task An_upgrade_of_an_unknown_path_is_404(string path)
    {
        await using var client = await port.ConnectAsync();
        await client.SendTextAsync(RawWebSocket.UpgradeRequest(path));
        Assert.Equal(404, (await client.ReadReplyAsync()).Status);
    }

    [Theory]
    [InlineData("/WS")]
    [InlineData("/Echo")]
    [InlineData("/echo/")]
    [InlineData("/%65cho")]
    public async Task Paths_are_compared_byte_for_byte(string path)
    {
        await using var client = await port.ConnectAsync();
        await client.SendTextAsync(RawWebSocket.UpgradeRequest(path));
        Assert.Equal(404, (await client.ReadReplyAsync()).Status);
    }

    [Fact]
    public async Task Echo_is_404_unless_it_is_switched_on()
    {
        await using var server = await GatewayServer.StartAsync();
        foreach (string request in new[] { RawWebSocket.UpgradeRequest("/echo"), Get("/echo") })
        {
            await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
            await client.SendTextAsync(request);
            Assert.Equal(404, (await client.ReadReplyAsync()).Status);
        }
    }

    [Theory]
    [InlineData("Upgrade", "WebSocket")]
    [InlineData("Upgrade", "h2c, websocket")]
    [InlineData("Connection", "keep-alive, upgrade")]
    [InlineData("Host", "gateway:8080")]
    [InlineData("Host", "[::1]:8080")]
    public async Task Headers_may_be_written_as_browsers_and_proxies_write_them(string header, string value)
    {
        await using var client = await port.ConnectAsync();
        await client.SendTextAsync(UpgradeWith(header, value));
        var reply = await client.ReadReplyAsync();
        Assert.Equal((101, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), (reply.Status, reply["Sec-WebSocket-Accept"]));
        Assert.Null(reply["Sec-WebSocket-Extensions"]);
    }

    [Theory]
    [InlineData("gateway.v1.json")]
    [InlineData("gateway.v1.json, other")]
    [InlineData("other, gateway.v1.json")]
    [InlineData("gateway.v1.json, bearer.abc.def.ghi")]
    [InlineData("bearer.abc.def.ghi, gateway.v1.json")]
    public async Task The_subprotocol_is_confirmed_and_nothing_else(string offered) =>
        Assert.Equal("gateway.v1.json", (await AcceptedAsync("Sec-WebSocket-Protocol: " + offered))["Sec-WebSocket-Protocol"]);

    [Fact]
    public async Task Without_a_subprotocol_none_is_confirmed() => Assert.Null((await AcceptedAsync())["Sec-WebSocket-Protocol"]);

    [Fact]
    public async Task A_token_alone_is_no_subprotocol_and_not_sent_back() =>
        Assert.Null((await AcceptedAsync("Sec-WebSocket-Protocol: bearer.abc.def.ghi"))["Sec-WebSocket-Protocol"]);

    [Theory]
    [InlineData("other")]
    [InlineData("other, gateway.v2.json")]
    [InlineData("GATEWAY.V1.JSON")]
    [InlineData("bearer.abc, other")]
    public async Task Unknown_subprotocols_are_refused_naming_those_supported(string offered)
    {
        var reply = await port.AskOnceAsync(RawWebSocket.UpgradeRequest("/ws", "Sec-WebSocket-Protocol: " + offered));
        Assert.Equal((400, "bad_request"), (reply.Status, reply.Json("error")));
        Assert.Contains("supported: gateway.v1.json", reply.Json("message"), StringComparison.Ordinal);
        Assert.DoesNotContain("abc", reply.Body, StringComparison.Ordinal);
    }

    private async Task<HttpReply> AcceptedAsync(params string[] headers)
    {
        await using var client = await port.ConnectAsync();
        await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws", headers));
        var reply = await client.ReadReplyAsync();
        Assert.Equal(101, reply.Status);
        Assert.Contains("\"connected\"", (await Expect.FrameAsync(client, Expect.Text)).Text, StringComparison.Ordinal);
        return reply;
    }
}
