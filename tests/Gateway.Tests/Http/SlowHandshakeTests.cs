using System.Text;
using Gateway.Server.Listening;
using Gateway.TestSupport;
using Gateway.Tests.WebSockets;
using Microsoft.Extensions.DependencyInjection;
using static Gateway.Tests.Http.HttpRequests;

namespace Gateway.Tests.Http;

/// <summary><c>Limits:Handshake</c>: a connection with an unfinished request head is aborted, for whatever path.</summary>
public sealed class SlowHandshakeTests(SlowHandshakeTests.ImpatientServer server) : IClassFixture<SlowHandshakeTests.ImpatientServer>
{
    [Theory]
    [InlineData("")]
    [InlineData("G")]
    [InlineData("GET ")]
    [InlineData("GET /")]
    [InlineData("GET /w")]
    [InlineData("GET /ws")]
    [InlineData("GET /ws HTTP/1.1\r\n")]
    [InlineData("GET /ws HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\n")]
    [InlineData("GET /echo?x=y HTTP/1.1\r\nHost: gateway\r\n")]
    [InlineData("POST")]
    [InlineData("GET /health/li")]
    [InlineData("GET /health/live HTTP/1.1\r\nHost: gateway\r\n")]
    public async Task A_client_that_stops_in_its_head_is_cut(string begun)
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(server.Gateway.PublicPort);
        await client.SendTextAsync(begun);
        string answer = Encoding.ASCII.GetString(await client.ReadToEndAsync());
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 408 ", StringComparison.Ordinal), answer);
    }

    [Fact]
    public async Task A_client_that_trickles_its_head_is_cut_too()
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(server.Gateway.PublicPort);
        await client.SendTextAsync("GET /ws HTTP/1.1\r\n");
        var trickling = Task.Run(async () =>
        {
            while (true)
            {
                await client.SendTextAsync("X: y\r\n");
                await Task.Delay(20);
            }
        });
        // The kernel answers bytes that arrive behind the abort with a reset, so both ends of the stream are right.
        try
        {
            Assert.Empty(await client.ReadToEndAsync());
        }
        catch (IOException)
        {
        }
        await Assert.ThrowsAsync<IOException>(() => trickling);
    }

    [Fact]
    public async Task A_second_head_on_a_kept_connection_has_its_deadline_too()
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(server.Gateway.PublicPort);
        await client.SendTextAsync(Get("/health/live"));
        Assert.Equal(200, (await client.ReadReplyAsync()).Status);
        await client.SendTextAsync("GET /ws HTTP/1.1\r\nUpgrade: ");
        Assert.Equal(408, (await client.ReadReplyAsync()).Status);
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Fact]
    public async Task The_deadline_ends_with_the_head()
    {
        await using var open = await RawWebSocket.ConnectAsync(server.Gateway.PublicPort, "/echo");
        // Other connections pass their deadline after this one's deadline would have passed.
        for (int i = 0; i < 2; i++)
        {
            await using var silent = await RawWebSocket.ConnectTcpAsync(server.Gateway.PublicPort);
            Assert.Empty(await silent.ReadToEndAsync());
        }
        await Expect.StillOpenAsync(open);
    }

    [Fact]
    public async Task Clients_that_leave_during_their_head_leave_nothing()
    {
        var deadlines = server.Gateway.Services.GetRequiredService<HandshakeDeadlines>();
        foreach (string begun in new[] { "", "GET /w", "GET /ws HTTP/1.1\r\n", "GET /health" })
        {
            var finished = await RawWebSocket.ConnectTcpAsync(server.Gateway.PublicPort);
            await finished.SendTextAsync(begun);
            await finished.DisposeAsync();
            var reset = await RawWebSocket.ConnectTcpAsync(server.Gateway.PublicPort);
            await reset.SendTextAsync(begun);
            reset.Reset();
        }
        await Eventually.TrueAsync(() => deadlines.Count == 0, "no deadline is left");
        await Eventually.TrueAsync(() => server.Gateway.Connections.Count == 0, "no connection is left");
    }

    public sealed class ImpatientServer : IAsyncLifetime
    {
        private GatewayServer? _gateway;

        public GatewayServer Gateway => _gateway!;

        public async ValueTask InitializeAsync() =>
            _gateway = await GatewayServer.StartAsync("Diagnostics:Echo=true", "Limits:Handshake=00:00:00.4");

        public ValueTask DisposeAsync() => Gateway.DisposeAsync();
    }
}
