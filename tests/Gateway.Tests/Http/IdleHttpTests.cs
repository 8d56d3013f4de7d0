using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using static Gateway.Tests.Http.HttpRequests;

namespace Gateway.Tests.Http;

/// <summary><c>Limits:IdleHttp</c>: a client without a request under way does not keep its socket.</summary>
public sealed class IdleHttpTests
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(20);

    private readonly ManualTime _clock = new();

    private Task<GatewayServer> StartAsync(params string[] settings) =>
        GatewayServer.StartAsync(settings, services => services.AddSingleton<TimeProvider>(_clock));

    [Fact]
    public async Task A_connection_that_asks_nothing_more_is_closed()
    {
        await using var server = await StartAsync();
        await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await using var internalClient = await RawWebSocket.ConnectTcpAsync(server.InternalPort);
        await AskAsync(client);
        await AskAsync(internalClient);

        _clock.Advance(Idle - TimeSpan.FromSeconds(2));
        await AskAsync(client);
        _clock.Advance(Idle - TimeSpan.FromSeconds(2));
        await AskAsync(client);
        Assert.Empty(await IdleAsync(client));
        // The internal port has Kestrel's own time, longer than the pools of backends keep their connections.
        await AskAsync(internalClient);
    }

    [Fact]
    public async Task Over_TLS_too()
    {
        using var certificate = new TestCertificate();
        await using var server = await StartAsync(certificate.Pem);
        using var handler = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = (_, shown, _, _) => shown!.Thumbprint == certificate.Thumbprint,
        };
        using var http = new HttpClient(handler) { Timeout = Eventually.Limit };
        Assert.Equal("""{"status":"live"}""", await http.GetStringAsync(new Uri($"https://localhost:{server.PublicPort}/health/live")));
        var open = server.Services.GetRequiredService<Server.Admission.OpenSockets>();
        Assert.Equal(1, open.Count);
        await Eventually.TrueAsync(() =>
        {
            _clock.Advance(Idle + TimeSpan.FromSeconds(1));
            return open.Count == 0;
        }, "it is closed");
    }

    [Fact]
    public async Task A_request_under_way_is_not_idle_however_long_it_takes()
    {
        await using var server = await StartAsync("Diagnostics:Echo=true", "Heartbeat:Ping=23:00:00", "Heartbeat:PongTimeout=23:00:00");
        await using var stream = await SseClient.ConnectAsync(server.PublicPort, "channel=news");
        await stream.ReceiveAsync("subscribed");
        await using var socket = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        await using var upgradedLater = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await AskAsync(upgradedLater);
        await upgradedLater.SendTextAsync(RawWebSocket.UpgradeRequest("/echo"));
        Assert.StartsWith("HTTP/1.1 101 ", await upgradedLater.ReadHeadAsync(), StringComparison.Ordinal);
        await using var publisher = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await publisher.SendTextAsync("POST /publish HTTP/1.1\r\nHost: gateway\r\nExpect: 100-continue\r\nContent-Length: 30\r\n\r\n");
        // The answer 100 comes when the body is about to be read.
        Assert.StartsWith("HTTP/1.1 100 ", await publisher.ReadHeadAsync(), StringComparison.Ordinal);
        await using var idle = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await AskAsync(idle);

        for (int i = 0; i < 5; i++)
            _clock.Advance(Idle + TimeSpan.FromSeconds(1));

        Assert.Empty(await IdleAsync(idle));
        await WebSockets.Expect.StillOpenAsync(socket);
        await WebSockets.Expect.StillOpenAsync(upgradedLater);
        await publisher.SendTextAsync("{\"channel\":\"news\",\"content\":1}");
        Assert.Equal(200, (await publisher.ReadReplyAsync()).Status);
        Assert.Equal("news", (await stream.ReceiveAsync("message")).Json.Text("channel"));
        Assert.Empty(await IdleAsync(publisher));
    }

    [Fact]
    public async Task A_request_that_comes_at_that_moment_is_answered_or_finds_the_connection_closed_and_is_never_cut_short()
    {
        await using var server = await StartAsync();
        int answered = 0;
        for (int i = 0; i < 50; i++)
        {
            await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
            await AskAsync(client);
            var closing = Task.Run(() => _clock.Advance(Idle + TimeSpan.FromSeconds(1)));
            try
            {
                await client.SendTextAsync(Get("/health/live"));
                string head = await client.ReadHeadAsync();
                Assert.True(head.Length == 0 || head.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal), head);
                answered += head.Length > 0 ? 1 : 0;
            }
            catch (IOException)
            {
                // The socket was closed before the request came.
            }
            await closing;
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{answered} of 50 were answered");
    }

    private static async Task AskAsync(RawWebSocket client)
    {
        await client.SendTextAsync(Get("/health/live"));
        Assert.Equal(200, (await client.ReadReplyAsync()).Status);
    }

    /// <summary>
    /// Reads to the end of the stream without sending a request. Time passes meanwhile: an answer is sent before its connection is idle.
    /// </summary>
    private async Task<byte[]> IdleAsync(RawWebSocket client)
    {
        var rest = client.ReadToEndAsync();
        await Eventually.TrueAsync(() =>
        {
            _clock.Advance(Idle + TimeSpan.FromSeconds(1));
            return rest.IsCompleted;
        }, "it is closed");
        return await rest;
    }
}
