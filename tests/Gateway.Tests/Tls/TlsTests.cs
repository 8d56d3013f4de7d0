using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gateway.Server.Listening.Tls;
using Gateway.TestSupport;
using Gateway.Tests.Clients;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Tls;

/// <summary><c>Public</c> with <c>https</c>: the same port with TLS, for WebSockets and HTTP.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TestCertificate _certificate = new();
    private readonly RecordedLog _log = new();

    private Task<GatewayServer> StartAsync(string[] certificate, params string[] settings) => GatewayServer.StartAsync(
        [.. certificate, "Diagnostics:Echo=true", .. settings], services => services.AddSingleton<ILoggerProvider>(_log));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_platforms_client_has_a_whole_session(bool pfx)
    {
        await using var server = await StartAsync(pfx ? _certificate.Pfx : _certificate.Pem, "Namespaces:chat:History=100");
        Assert.StartsWith("wss://", server.Origin, StringComparison.Ordinal);
        await using var alice = await JsonClient.ConnectAsync(server);
        await using var bob = await JsonClient.ConnectAsync(server);
        await alice.SubscribeAsync("chat:1");
        for (int i = 1; i <= 300; i++)
            await bob.PublishAsync("chat:1", $"{i}");
        var messages = await alice.ReceiveMessagesAsync(300);
        Assert.Equal(Enumerable.Range(1, 300).Select(i => (long)i), messages.Seqs());

        using var deadline = new CancellationTokenSource(Eventually.Limit);
        await bob.Socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", deadline.Token);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, bob.Socket.CloseStatus);
        await Eventually.TrueAsync(() => server.Connections.Count == 1, "one connection is left");
    }

    [Theory]
    [InlineData("session.mjs", "Namespaces:chat:History=100", "Namespaces:room:Presence=true")]
    [InlineData("frames.mjs", "Limits:MessageBytes=8388608", "Heartbeat:Ping=00:00:00.2")]
    [InlineData("closing.mjs", "Limits:MessageBytes=8388608")]
    public async Task The_npm_client_checks_the_certificate_and_sees_no_other_difference(string script, params string[] settings)
    {
        await using var server = await StartAsync(_certificate.Pem, settings);
        await NodeScript.PassesAsync(script, server, authority: _certificate.PemPath);
    }

    [Fact]
    public async Task Health_is_served_on_the_same_port_and_plain_HTTP_is_not()
    {
        await using var server = await StartAsync(_certificate.Pem);
        using var handler = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = (_, shown, _, _) => shown!.Thumbprint == _certificate.Thumbprint,
        };
        using var http = new HttpClient(handler) { Timeout = Eventually.Limit };
        Assert.Equal(
            """{"status":"ready"}""",
            await http.GetStringAsync(
                new Uri($"https://localhost:{server.PublicPort}/health/ready"), TestContext.Current.CancellationToken));

        await using var plain = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await plain.SendTextAsync(RawWebSocket.UpgradeRequest("/ws"));
        Assert.DoesNotContain("HTTP/1.1", await TextToEndAsync(plain), StringComparison.Ordinal);
    }

    [Theory]
#pragma warning disable CA5397, SYSLIB0039 // Old versions are what must not work.
    [InlineData(SslProtocols.Tls11, false)]
#pragma warning restore CA5397, SYSLIB0039
    [InlineData(SslProtocols.Tls12, true)]
    [InlineData(SslProtocols.Tls13, true)]
    public async Task Only_versions_1_2_and_1_3_are_spoken_and_only_HTTP_1_1(SslProtocols version, bool spoken)
    {
        await using var server = await StartAsync(_certificate.Pem);
        await using var ssl = new SslStream(new NetworkStream(await TcpAsync(server), ownsSocket: true));
        var handshake = ssl.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = version,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            RemoteCertificateValidationCallback = static (_, shown, _, _) => shown?.Subject == "CN=localhost",
        }, TestContext.Current.CancellationToken);
        if (!spoken)
        {
            await Assert.ThrowsAnyAsync<Exception>(() => handshake);
            return;
        }
        await handshake;
        Assert.Equal((version, SslApplicationProtocol.Http11), (ssl.SslProtocol, ssl.NegotiatedApplicationProtocol));
        Assert.Single(server.Services.GetRequiredService<ServerCertificate>().Current.ApplicationProtocols!);
    }

    [Fact]
    public async Task A_renewed_certificate_is_shown_to_new_connections_and_old_ones_stay()
    {
        await using var server = await StartAsync(_certificate.Pem);
        await using var old = await JsonClient.ConnectAsync(server);
        Assert.Equal(_certificate.Thumbprint, await ShownAsync(server));
        _certificate.Renew();
        await Eventually.TrueAsync(async () => await ShownAsync(server) == _certificate.Thumbprint, "the new certificate is shown");
        await old.AskAsync("""{"type":"ping"}""", "pong");
        await Eventually.TrueAsync(() => _log.Of(110).Count == 1, "it is logged");
        Assert.Contains("CN=localhost", _log.Of(110)[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_file_that_cannot_be_used_is_logged_once_and_the_old_certificate_is_kept()
    {
        await using var server = await StartAsync(_certificate.Pfx);
        string shown = await ShownAsync(server);
        _certificate.Break();
        await Eventually.TrueAsync(() => _log.Of(111).Count == 1, "it is logged");
        Assert.Equal(shown, await ShownAsync(server));
        File.Delete(_certificate.PfxPath);
        await Eventually.TrueAsync(() => _log.Of(111).Count == 2, "that it is gone is logged");
        Assert.Equal(shown, await ShownAsync(server));
        Assert.DoesNotContain(_log.Lines, line => line.Text.Contains(TestCertificate.Password, StringComparison.Ordinal));

        _certificate.Renew();
        await Eventually.TrueAsync(async () => await ShownAsync(server) == _certificate.Thumbprint, "the next good one is shown");
        Assert.Equal(2, _log.Of(111).Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\x16\x03\x01")]
    [InlineData("GET /ws HTTP/1.1\r\n")]
    public async Task A_client_silent_in_the_TLS_handshake_is_cut(string begun)
    {
        await using var server = await StartAsync(_certificate.Pem, "Limits:Handshake=00:00:00.4");
        await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await client.SendTextAsync(begun);
        await TextToEndAsync(client);
    }

    [Fact]
    public async Task A_client_silent_after_the_TLS_handshake_is_cut()
    {
        await using var server = await StartAsync(_certificate.Pem, "Limits:Handshake=00:00:00.4");
        await using var ssl = await HandshakeAsync(server);
        await ssl.WriteAsync("GET /ws HT"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal(0, await ssl.ReadAsync(new byte[10], TestContext.Current.CancellationToken));
        Assert.Contains("HandshakeTimeout", Assert.Single(_log.Of(103)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_PROXY_header_comes_before_TLS()
    {
        await using var server = await StartAsync(_certificate.Pem, [.. AnonymousAccess.Settings, "Proxy:Protocol=true"]);
        var socket = await TcpAsync(server);
        await socket.SendAsync("PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n"u8.ToArray());
        await using var ssl = await HandshakeAsync(socket);
        await ssl.WriteAsync(Encoding.ASCII.GetBytes(RawWebSocket.UpgradeRequest("/ws")), TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => server.Connections.Count == 1, "it is connected");
        Assert.Equal("192.0.2.7", Assert.Single(server.Connections.All()).Lease.Address.ToString());
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_closed_and_those_beside_it_are_served()
    {
        await using var server = await StartAsync(_certificate.Pem, "Limits:OutboundBytes=100000", "Limits:MessageBytes=100000");
        await using var ssl = await HandshakeAsync(server);
        await ssl.WriteAsync(
            (byte[])[
                .. Encoding.ASCII.GetBytes(RawWebSocket.UpgradeRequest("/ws")),
                .. RawWebSocket.TextFrame("""{"type":"subscribe","channel":"news"}""")],
            TestContext.Current.CancellationToken);
        await using var healthy = await JsonClient.ConnectAsync(server);
        await using var publisher = await JsonClient.ConnectAsync(server);
        await healthy.SubscribeAsync("news");
        await Eventually.TrueAsync(() => server.Channels.Find("news"u8)?.SubscriberCount == 2, "both are subscribed");
        string content = "\"" + new string('x', 50_000) + "\"";
        bool IsAllServed() => server.Connections.Count == 3 && !server.Connections.All().Any(connection => connection.IsClosing);
        for (int i = 0; IsAllServed() && i < 2_000; i++)
        {
            await publisher.PublishAsync("news", content);
            await healthy.ReceiveAsync("message");
        }
        Assert.True(
            server.Connections.Count < 3 || server.Connections.All().Any(connection => connection.IsClosing), "the stalled one is closed");
        await healthy.AskAsync("""{"type":"ping"}""", "pong");
    }

    private static async Task<string> TextToEndAsync(RawWebSocket client)
    {
        try
        {
            return Encoding.Latin1.GetString(await client.ReadToEndAsync());
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static async Task<Socket> TcpAsync(GatewayServer server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", server.PublicPort);
        return socket;
    }

    private static async Task<SslStream> HandshakeAsync(GatewayServer server) => await HandshakeAsync(await TcpAsync(server));

    private static async Task<SslStream> HandshakeAsync(Socket socket)
    {
        var ssl = new SslStream(
            new NetworkStream(socket, ownsSocket: true),
            leaveInnerStreamOpen: false,
            static (_, shown, _, _) => shown?.Subject == "CN=localhost");
        await ssl.AuthenticateAsClientAsync("localhost");
        return ssl;
    }

    private static async Task<string> ShownAsync(GatewayServer server)
    {
        await using var ssl = await HandshakeAsync(server);
        return new X509Certificate2(ssl.RemoteCertificate!).Thumbprint;
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _log.Dispose();
    }
}
