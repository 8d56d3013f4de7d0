using System.Text;
using Gateway.TestSupport;
using static Gateway.Tests.Http.HttpRequests;

namespace Gateway.Tests.Hostile;

/// <summary>A second request inside or behind an upgrade, hidden from a proxy in front: the gateway never answers it.</summary>
public sealed class SmuggledRequestTests
{
    private const string Second = "GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n";

    [Theory]
    [InlineData("Content-Length: 46")]
    [InlineData("Transfer-Encoding: chunked")]
    [InlineData("Transfer-Encoding: identity")]
    [InlineData("Content-Length: 0", "Transfer-Encoding: chunked")]
    [InlineData("Content-Length: 0", "Content-Length: 46")]
    [InlineData("Content-Length: +46")]
    [InlineData("Content-Length : 46")]
    [InlineData("X: y\r\n Content-Length: 46")]
    [InlineData("X: y\nContent-Length: 46")]
    [InlineData("Connection: close, Upgrade", "Upgrade: h2c, websocket", "Content-Length: 46")]
    public async Task An_upgrade_with_a_body_is_refused_once_and_for_all(params string[] headers)
    {
        foreach (string first in new[] { "", Get("/health/live") })
        {
            await using var server = await GatewayServer.StartAsync();
            await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
            await client.SendTextAsync(first + RawWebSocket.UpgradeRequest("/ws", headers) + Second + Second);
            string answers = Encoding.Latin1.GetString(await ReadAsync(client));
            string[] statuses = [.. answers.Split("HTTP/1.1 ").Skip(1).Select(answer => answer[..3])];
            Assert.Equal(first.Length == 0 ? ["400"] : ["200", "400"], statuses);
        }
    }

    [Fact]
    public async Task A_request_behind_an_accepted_upgrade_is_a_broken_frame()
    {
        await using var server = await GatewayServer.StartAsync();
        await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws") + Second);
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal(1002, (await client.ReadUntilCloseAsync())!.CloseCode);
        client.FinishSending();
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Fact]
    public async Task A_request_behind_a_refused_upgrade_is_not_answered()
    {
        await using var server = await GatewayServer.StartAsync();
        await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws", "Sec-WebSocket-Protocol: unknown") + Second);
        string answers = Encoding.Latin1.GetString(await ReadAsync(client));
        Assert.StartsWith("HTTP/1.1 400 ", answers, StringComparison.Ordinal);
        Assert.Single(answers.Split("HTTP/1.1 ").Skip(1));
    }

    /// <summary>Reads to the end, or to a reset, which may follow unread bytes.</summary>
    private static async Task<byte[]> ReadAsync(RawWebSocket client)
    {
        using var all = new MemoryStream();
        byte[] buffer = new byte[4096];
        try
        {
            using var deadline = new CancellationTokenSource(Eventually.Limit);
            for (int read; (read = await client.Socket.ReceiveAsync(buffer, deadline.Token)) > 0;)
                all.Write(buffer, 0, read);
        }
        catch (System.Net.Sockets.SocketException)
        {
        }
        return all.ToArray();
    }
}
