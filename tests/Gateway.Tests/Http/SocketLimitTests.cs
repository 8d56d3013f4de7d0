using System.Text;
using Gateway.Server.Admission;
using Gateway.Server.Connections;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using static Gateway.Tests.Http.HttpRequests;

namespace Gateway.Tests.Http;

/// <summary><c>Limits:SocketsPerAddress</c>: every socket of the public port counts, whatever it is used for.</summary>
public sealed class SocketLimitTests : IDisposable
{
    private readonly RecordedLog _log = new();

    private Task<GatewayServer> StartAsync(params string[] settings) =>
        GatewayServer.StartAsync(settings, services => services.AddSingleton<ILoggerProvider>(_log));

    [Fact]
    public async Task An_address_gets_no_more_idle_HTTP_sockets_than_it_may_have()
    {
        await using var server = await StartAsync("Limits:SocketsPerAddress=5");
        var kept = new List<RawWebSocket>();
        for (int i = 0; i < 5; i++)
            kept.Add(await ServedAsync(server.PublicPort));
        for (int i = 0; i < 3; i++)
        {
            await using var over = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
            await IsClosedAsync(over);
        }
        Assert.Equal("Connection from 127.0.0.1 cut: AddressSockets.", _log.Of(103)[0]);
        Assert.Equal(3, _log.Of(103).Count);

        // The earlier ones are served, and the internal port has no such limit.
        await kept[0].SendTextAsync(Get("/health/live"));
        Assert.Equal(200, (await kept[0].ReadReplyAsync()).Status);
        for (int i = 0; i < 8; i++)
            kept.Add(await ServedAsync(server.InternalPort));

        await kept[0].DisposeAsync();
        await Eventually.TrueAsync(() => HasRoomAsync(server.PublicPort), "there is room again");
        foreach (var client in kept)
            await client.DisposeAsync();
        await Eventually.TrueAsync(() => server.Services.GetRequiredService<OpenSockets>().Count == 0, "no socket is left");
        Assert.Equal(0, server.Services.GetRequiredService<AddressSockets>().Addresses);
    }

    [Fact]
    public async Task WebSockets_streams_and_sockets_that_say_nothing_count_too()
    {
        await using var server = await StartAsync("Limits:SocketsPerAddress=3");
        await using var client = await JsonClient.ConnectAsync(server);
        await using var stream = await SseClient.ConnectAsync(server.PublicPort, "channel=news");
        await using var silent = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await Eventually.TrueAsync(() => server.Services.GetRequiredService<OpenSockets>().Count == 3, "all are accepted");

        await using var over = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await IsClosedAsync(over);
        Assert.Equal("Connection from 127.0.0.1 cut: AddressSockets.", Assert.Single(_log.Of(103)));
        await client.AskAsync("""{"type":"ping"}""", "pong");
    }

    [Fact]
    public async Task Behind_the_PROXY_protocol_the_address_in_the_header_is_counted_and_a_64_block_as_one()
    {
        await using var server = await StartAsync([.. AnonymousAccess.Settings, "Limits:SocketsPerAddress=1", "Proxy:Protocol=true"]);
        await using var first = await ThroughProxyAsync("TCP4 192.0.2.7 192.0.2.1");
        await using var second = await ThroughProxyAsync("TCP4 192.0.2.8 192.0.2.1");
        await using var six = await ThroughProxyAsync("TCP6 2001:db8:1:1::1 2001:db8::1");
        await using var neighbour = await ThroughProxyAsync("TCP6 2001:db8:1:2::1 2001:db8::1");
        foreach (string header in new[] { "TCP4 192.0.2.7 192.0.2.1", "TCP6 2001:db8:1:1:ffff::2 2001:db8::1" })
        {
            await using var over = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
            await over.SendTextAsync($"PROXY {header} 56324 443\r\n" + Get("/health/live"));
            await IsClosedAsync(over);
        }
        Assert.Equal(
            ["Connection from 192.0.2.7 cut: AddressSockets.", "Connection from 2001:db8:1:1:ffff::2 cut: AddressSockets."], _log.Of(103));

        await first.DisposeAsync();
        await Eventually.TrueAsync(
            async () =>
            {
                await using var again = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
                await again.SendTextAsync("PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n" + Get("/health/live"));
                return await AnswersAsync(again);
            },
            "there is room again");

        async Task<RawWebSocket> ThroughProxyAsync(string header)
        {
            var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
            await client.SendTextAsync($"PROXY {header} 56324 443\r\n" + Get("/health/live"));
            Assert.Equal(200, (await client.ReadReplyAsync()).Status);
            return client;
        }
    }

    [Fact]
    public async Task The_sockets_of_a_trusted_proxy_are_those_of_many_and_not_counted()
    {
        await using var server = await StartAsync([.. AnonymousAccess.Settings, "Limits:SocketsPerAddress=1", "Proxy:Trusted=127.0.0.1"]);
        await using var first = await ServedAsync(server.PublicPort);
        await using var second = await ServedAsync(server.PublicPort);
        Assert.Empty(_log.Of(103));
    }

    [Fact]
    public async Task Over_TLS_it_is_closed_before_a_handshake_is_paid_for()
    {
        using var certificate = new TestCertificate();
        await using var server = await StartAsync([.. certificate.Pem, "Limits:SocketsPerAddress=1"]);
        await using var first = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await Eventually.TrueAsync(() => server.Services.GetRequiredService<OpenSockets>().Count == 1, "it is accepted");

        await using var over = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await IsClosedAsync(over);
        Assert.Equal("Connection from 127.0.0.1 cut: AddressSockets.", Assert.Single(_log.Of(103)));
    }

    [Fact]
    public async Task The_count_is_exact_when_many_come_at_once_and_leave_in_every_way()
    {
        await using var server = await StartAsync("Limits:SocketsPerAddress=40");
        var open = server.Services.GetRequiredService<OpenSockets>();
        for (int round = 0; round < 3; round++)
        {
            var clients = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => RawWebSocket.ConnectTcpAsync(server.PublicPort)));
            bool[] served = await Task.WhenAll(clients.Select(async (client, i) =>
            {
                try
                {
                    await client.SendTextAsync(i % 2 == 0 ? Get("/health/live") : RawWebSocket.UpgradeRequest("/ws"));
                    return (await client.ReadHeadAsync()).StartsWith("HTTP/1.1 ", StringComparison.Ordinal);
                }
                catch (IOException)
                {
                    return false;
                }
            }));
            Assert.Equal(40, served.Count(one => one));
            for (int i = 0; i < clients.Length; i++)
            {
                if (i % 3 == 0)
                    clients[i].Reset();
                await clients[i].DisposeAsync();
            }
            await Eventually.TrueAsync(() => open.Count == 0, "no socket is left");
            Assert.Equal(0, server.Services.GetRequiredService<AddressSockets>().Addresses);
        }
    }

    /// <summary>A connection that has been served once and is kept open.</summary>
    private static async Task<RawWebSocket> ServedAsync(int port)
    {
        var client = await RawWebSocket.ConnectTcpAsync(port);
        await client.SendTextAsync(Get("/health/live"));
        Assert.Equal(200, (await client.ReadReplyAsync()).Status);
        return client;
    }

    private static async Task<bool> HasRoomAsync(int port)
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(port);
        try
        {
            await client.SendTextAsync(Get("/health/live"));
        }
        catch (IOException)
        {
            return false;
        }
        return await AnswersAsync(client);
    }

    private static async Task<bool> AnswersAsync(RawWebSocket client)
    {
        try
        {
            return (await client.ReadHeadAsync()).Length > 0;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Waits for the end of the connection without an answer. A reset is one way, because sent bytes may be unread.</summary>
    private static async Task IsClosedAsync(RawWebSocket client)
    {
        try
        {
            Assert.Equal("", Encoding.ASCII.GetString(await client.ReadToEndAsync()));
        }
        catch (IOException)
        {
        }
    }

    public void Dispose() => _log.Dispose();
}
