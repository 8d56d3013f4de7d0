using Gateway.TestSupport;
using static Gateway.Tests.Http.HttpRequests;

namespace Gateway.Tests.Http;

/// <summary>Ordinary HTTP on the public port beside WebSockets, as in protocol under "Endpoints".</summary>
public sealed class PlainRequestTests(SharedPort port) : IClassFixture<SharedPort>
{
    [Theory]
    [InlineData("/health/live", "live")]
    [InlineData("/health/ready", "ready")]
    public async Task Health_is_served_on_both_ports(string path, string status)
    {
        foreach (int number in new[] { port.Gateway.PublicPort, port.Gateway.InternalPort })
        {
            await using var client = await RawWebSocket.ConnectTcpAsync(number);
            await client.SendTextAsync(Get(path));
            var reply = await client.ReadReplyAsync();
            Assert.Equal((200, status), (reply.Status, reply.Json("status")));
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/w")]
    [InlineData("/wss")]
    [InlineData("/ws/more")]
    [InlineData("/unknown")]
    public async Task An_unknown_path_is_404_and_the_connection_stays(string path)
    {
        await using var client = await port.ConnectAsync();
        await client.SendTextAsync(Get(path));
        Assert.Equal(404, (await client.ReadReplyAsync()).Status);
        await client.SendTextAsync(Get("/health/live"));
        Assert.Equal(200, (await client.ReadReplyAsync()).Status);
    }

    [Theory]
    [InlineData("GET /ws HTTP/1.1\r\nHost: gateway\r\n\r\n")]
    [InlineData("GET /ws?token=x HTTP/1.1\r\nHost: gateway\r\n\r\n")]
    [InlineData("GET /echo HTTP/1.1\r\nHost: gateway\r\n\r\n")]
    [InlineData("GET /ws HTTP/1.1\r\nHost: gateway\r\nConnection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n\r\n")]
    [InlineData("GET /ws HTTP/1.0\r\n\r\n")]
    [InlineData("HEAD /ws HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n")]
    [InlineData("POST /ws HTTP/1.1\r\nHost: gateway\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("POST /ws HTTP/1.1\r\nHost: gateway\r\nContent-Length: 5\r\n\r\nhello")]
    public async Task A_request_to_a_WebSocket_path_that_is_no_upgrade_gets_426(string request)
    {
        await using var client = await port.ConnectAsync();
        await client.SendTextAsync(request);
        var reply = HttpReply.Parse(await client.ReadHeadAsync());
        Assert.Equal(
            (426, "websocket", "13", "close, Upgrade"),
            (reply.Status, reply["Upgrade"], reply["Sec-WebSocket-Version"], reply["Connection"]));
        await client.ReadToEndAsync();
    }

    [Fact]
    public async Task HTTP_1_0_is_answered_and_closed()
    {
        await using var client = await port.ConnectAsync();
        await client.SendTextAsync("GET /health/live HTTP/1.0\r\n\r\n");
        Assert.Equal(200, (await client.ReadReplyAsync()).Status);
        Assert.Equal("""{"status":"live"}""", System.Text.Encoding.ASCII.GetString(await client.ReadToEndAsync()));
    }

    [Fact]
    public async Task Connection_close_is_honoured()
    {
        var reply = await port.AskOnceAsync(Get("/health/live", "Connection: close"));
        Assert.Equal(200, reply.Status);
    }

    [Fact]
    public async Task Pipelined_requests_on_one_connection_are_answered_in_order()
    {
        await using var client = await port.ConnectAsync();
        await client.SendTextAsync(Get("/health/live") + Get("/nowhere") + Get("/health/ready") + Get("/health/live"));
        Assert.Equal("live", (await client.ReadReplyAsync()).Json("status"));
        Assert.Equal(404, (await client.ReadReplyAsync()).Status);
        Assert.Equal("ready", (await client.ReadReplyAsync()).Json("status"));
        Assert.Equal("live", (await client.ReadReplyAsync()).Json("status"));
    }

    [Theory]
    [InlineData("\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    [InlineData("SSH-2.0-client\r\n\r\n")]
    [InlineData("GET /ws\r\n\r\n")]
    [InlineData("\0\0\0\0\r\n\r\n")]
    public async Task Bytes_that_are_no_HTTP_1_request_end_the_connection(string sent)
    {
        await using var client = await port.ConnectAsync();
        await client.SendTextAsync(sent);
        byte[] answer = await client.ReadToEndAsync();
        Assert.DoesNotContain(" 101 ", System.Text.Encoding.Latin1.GetString(answer), StringComparison.Ordinal);
    }

}
