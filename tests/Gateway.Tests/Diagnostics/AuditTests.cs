using Gateway.Server.Audit;
using Gateway.Server.Auth;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Diagnostics;

/// <summary>The audit log: who came, who was refused, who went, and why.</summary>
public sealed class AuditTests : IDisposable
{
    private const int Opened = 100, Ended = 101, Refused = 102, Cut = 103, LeftOut = 104;

    private readonly RecordedLog _log = new();

    private Task<GatewayServer> StartAsync(params string[] settings) => GatewayServer.StartAsync(settings, services =>
    {
        services.AddSingleton<ILoggerProvider>(_log);
        services.AddSingleton<IAuthenticator, QueryAuthenticator>();
    });

    [Fact]
    public async Task A_connection_is_logged_with_its_id_user_address_and_end()
    {
        await using var server = await StartAsync();
        var (closing, vanishing, kicked) = (
            await JsonClient.ConnectAsync(server, "?user=ann"),
            await JsonClient.ConnectAsync(server, "?user=bob"),
            await JsonClient.ConnectAsync(server, "?user=eve"));
        await closing.DisposeAsync();
        vanishing.Socket.Abort();
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        await kicked.Socket.SendAsync(new byte[1], System.Net.WebSockets.WebSocketMessageType.Binary, true, deadline.Token);
        await kicked.ReceiveAsync("disconnect");
        await kicked.DisposeAsync();

        await Eventually.TrueAsync(() => _log.Of(Ended).Count == 3, "all ends are logged");
        Assert.Equal(Of("opened"), _log.Of(Opened));
        Assert.Equal(
            [$"Connection {closing.ConnectionId} of ann from 127.0.0.1 ended with 1000: the client closed.",
             $"Connection {kicked.ConnectionId} of eve from 127.0.0.1 ended with 1003: "
                + "a binary message begins with the length of its header, in 4 bytes.",
             $"Connection {vanishing.ConnectionId} of bob from 127.0.0.1 ended with 1006: the client vanished."],
            _log.Of(Ended).OrderBy(line => line.Split("ended with ")[1], StringComparer.Ordinal));

        string[] Of(string what) =>
        [
            .. new[] { closing, vanishing, kicked }.Select(
                client => $"Connection {client.ConnectionId} of {client.User} from 127.0.0.1 {what}."),
        ];
    }

    [Fact]
    public async Task Refusals_and_aborts_are_logged_and_counted_by_kind_and_never_with_sent_text()
    {
        await using var server = await StartAsync("Limits:Handshake=00:00:00.2", "Limits:ConnectionsPerUser=1");
        using var measured = new Measurements(server);
        await using var first = await JsonClient.ConnectAsync(server, "?user=ann&token=SECRET");
        foreach (string request in new[]
        {
            RawWebSocket.UpgradeRequest("/ws?token=SECRET", "Sec-WebSocket-Protocol: bearer.SECRET, unknown"),
            RawWebSocket.UpgradeRequest("/ws?user=ann&token=SECRET", "Authorization: Bearer SECRET", "Cookie: session=SECRET"),
            RawWebSocket.UpgradeRequest("/ws?token=SECRET", "Origin: SECRET SECRET"),
            "GET /ws?token=SECRET HTTP/1.1\r\nAuthorization: Bearer SECRET\r\n",
        })
        {
            await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
            await client.SendTextAsync(request);
            await client.ReadToEndAsync();
        }

        Assert.Equal(
            ["Upgrade from 127.0.0.1 refused with 400: none of the offered subprotocols is supported; supported: gateway.v1.json.",
             "Upgrade from 127.0.0.1 refused with 400: the Origin header must be one origin.",
             "Upgrade from 127.0.0.1 refused with 429: too many connections or connection attempts."],
            _log.Of(Refused).Order(StringComparer.Ordinal));
        Assert.Equal(["Connection from 127.0.0.1 cut: HandshakeTimeout."], _log.Of(Cut));
        Assert.Equal(
            (2, 1, 1), (measured["gateway.refusals 400"], measured["gateway.refusals 429"], measured["gateway.cuts handshake_timeout"]));
        Assert.DoesNotContain(_log.Lines, line => line.Text.Contains("SECRET", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_flood_of_one_kind_is_sampled_and_what_was_left_out_is_counted_while_other_kinds_are_written()
    {
        var clock = new ManualTime();
        await using var server = await GatewayServer.StartAsync([], services =>
        {
            services.AddSingleton<ILoggerProvider>(_log);
            services.AddSingleton<TimeProvider>(clock);
        });
        for (int i = 0; i < 25; i++)
            await RefuseAsync(server, "Sec-WebSocket-Protocol: unknown");
        await using var other = await JsonClient.ConnectAsync(server);

        Assert.Equal(AuditLog.LinesPerSecond, _log.Of(Refused).Count);
        Assert.Single(_log.Of(Opened));
        Assert.Empty(_log.Of(LeftOut));
        clock.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() => _log.Of(LeftOut).Count == 1, "the left out lines are reported");
        Assert.Equal("15 more were refused (400) within a second.", _log.Of(LeftOut)[0]);

        await RefuseAsync(server, "Sec-WebSocket-Protocol: unknown");
        Assert.Equal(AuditLog.LinesPerSecond + 1, _log.Of(Refused).Count);
        await other.DisposeAsync();
        await Eventually.TrueAsync(() => server.Connections.IsEmpty, "nobody is left");
    }

    [Fact]
    public async Task A_user_id_cannot_write_lines_of_its_own()
    {
        await using var server = await StartAsync();
        await using var client = await JsonClient.ConnectAsync(server, "?user=ann%0AConnection%20X%20opened.");
        Assert.EndsWith(" of ann?Connection X opened. from 127.0.0.1 opened.", Assert.Single(_log.Of(Opened)), StringComparison.Ordinal);
    }

    private static async Task RefuseAsync(GatewayServer server, string header)
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws", header));
        await client.ReadReplyAsync();
    }

    public void Dispose() => _log.Dispose();
}
