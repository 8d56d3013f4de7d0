using System.Text;
using Gateway.Server.Listening;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using static Gateway.Tests.Http.HttpRequests;

namespace Gateway.Tests.Http;

/// <summary><c>Proxy:Protocol</c>, over real sockets.</summary>
public sealed class ProxyProtocolTests : IDisposable
{
    private const string Line = "PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n";
    private static readonly byte[] Local = Convert.FromHexString("0D0A0D0A000D0A515549540A20000000");
    private static readonly byte[] Six = Convert.FromHexString(
        "0D0A0D0A000D0A515549540A2121002420010DB800000000000000000000000720010DB8000000000000000000000001000101BB");

    private readonly RecordedLog _log = new();

    private Task<GatewayServer> StartAsync(params string[] settings) => GatewayServer.StartAsync(
        [.. AnonymousAccess.Settings, "Proxy:Protocol=true", "Diagnostics:Echo=true", .. settings],
        services => services.AddSingleton<ILoggerProvider>(_log));

    private static async Task<RawWebSocket> ConnectAsync(GatewayServer server, byte[] header, int piece)
    {
        var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await client.SendInPiecesAsync((byte[])[.. header, .. Encoding.Latin1.GetBytes(RawWebSocket.UpgradeRequest("/echo"))], piece);
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        return client;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(10_000)]
    public async Task The_address_in_the_header_is_the_clients(int piece)
    {
        await using var server = await StartAsync();
        await using var line = await ConnectAsync(server, Encoding.Latin1.GetBytes(Line), piece);
        await using var six = await ConnectAsync(server, Six, piece);
        await using var local = await ConnectAsync(server, Local, piece);
        await WebSockets.Expect.StillOpenAsync(line);
        await WebSockets.Expect.StillOpenAsync(six);
        await WebSockets.Expect.StillOpenAsync(local);
        Assert.Equal(
            ["127.0.0.1", "192.0.2.7", "2001:db8::7"],
            server.Connections.All().Select(connection => connection.Lease.Address.ToString()).Order());
    }

    [Fact]
    public async Task Requests_of_every_kind_must_begin_with_it()
    {
        await using var server = await StartAsync();
        foreach (string request in new[] { Get("/health/live"), RawWebSocket.UpgradeRequest("/ws") })
        {
            await using var with = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
            await with.SendTextAsync(Line + request);
            Assert.StartsWith("HTTP/1.1 ", await with.ReadHeadAsync(), StringComparison.Ordinal);
            await using var without = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
            await without.SendTextAsync(request);
            await IsCutAsync(without);
        }
        Assert.Equal(2, _log.Of(103).Count(line => line.Contains("NoProxyHeader", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_internal_port_takes_none()
    {
        await using var server = await StartAsync();
        await using var client = await RawWebSocket.ConnectTcpAsync(server.InternalPort);
        await client.SendTextAsync(Get("/health/live"));
        Assert.Equal(200, (await client.ReadReplyAsync()).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("PROXY TCP4 192.0.2.7")]
    [InlineData("\r\n\r\n\0\r\nQUI")]
    [InlineData(Line)]
    [InlineData(Line + "GET /ws HTTP/1.1\r\n")]
    public async Task A_sender_that_stops_is_cut_in_time(string begun)
    {
        await using var server = await StartAsync("Limits:Handshake=00:00:00.3");
        await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await client.SendTextAsync(begun);
        await IsCutAsync(client);
        await Eventually.TrueAsync(() => server.Services.GetRequiredService<HandshakeDeadlines>().Count == 0, "no deadline is left");
        Assert.Contains("HandshakeTimeout", Assert.Single(_log.Of(103)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_limits_count_the_address_in_the_header_or_the_one_that_a_trusted_proxy_forwards()
    {
        await using var server = await StartAsync("Limits:ConnectionsPerAddress=1", "Proxy:Trusted=192.0.2.7");
        await using var one = await ConnectAsync(server, Six, 1000);
        Assert.Equal(429, (await AskAsync(Encoding.Latin1.GetString(Six) + RawWebSocket.UpgradeRequest("/ws"))).Status);
        Assert.Equal(101, (await AskAsync(Line + RawWebSocket.UpgradeRequest("/ws"))).Status);
        Assert.Equal(429, (await AskAsync(Line + RawWebSocket.UpgradeRequest("/ws", "X-Forwarded-For: 2001:db8::8"))).Status);
        string upgrade = RawWebSocket.UpgradeRequest("/ws", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-For: 2001:db8::8");
        Assert.Equal(429, (await AskAsync(Line + Get("/health/live") + upgrade, skip: 1)).Status);
        Assert.Contains(_log.Of(102), line => line.StartsWith("Upgrade from 2001:db8::8 refused with 429", StringComparison.Ordinal));

        async Task<HttpReply> AskAsync(string bytes, int skip = 0)
        {
            await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
            await client.SendTextAsync(bytes);
            for (int i = 0; i < skip; i++)
                await client.ReadReplyAsync();
            return await client.ReadReplyAsync();
        }
    }

    /// <summary>Waits for the end of the connection without an answer. A reset is one way, because sent bytes may be unread.</summary>
    private static async Task IsCutAsync(RawWebSocket client)
    {
        try
        {
            Assert.Empty(await client.ReadToEndAsync());
        }
        catch (IOException)
        {
        }
    }

    public void Dispose() => _log.Dispose();
}
