using Gateway.Protocol.WebSockets;
using Gateway.Server.Connections;
using Gateway.TestSupport;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.WebSockets;

/// <summary>Closing by the server: RFC 6455 section 7.1.2, and protocol under "Close codes".</summary>
public sealed class ServerCloseTests : IAsyncLifetime
{
    private GatewayServer? _server;

    private GatewayServer Server => _server!;

    public async ValueTask InitializeAsync() =>
        _server = await GatewayServer.StartAsync("Diagnostics:Echo=true", "Heartbeat:PongTimeout=00:00:01");

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    private async Task<RawWebSocket> ConnectAsync()
    {
        var client = await RawWebSocket.ConnectAsync(Server.PublicPort, "/echo");
        await StillOpenAsync(client);
        return client;
    }

    private void Close() =>
        Assert.Single(Server.Connections.All()).RequestClose(new CloseRequest(new CloseStatus(CloseCode.Forbidden, "thrown out")));

    [Fact]
    public async Task The_server_hangs_up_in_order_even_when_no_answer_comes()
    {
        await using var client = await ConnectAsync();
        Close();
        Assert.Equal(4003, (await FrameAsync(client, Expect.Close)).CloseCode);
        await EndOfStreamAsync(client);
        await Eventually.TrueAsync(() => Server.Connections.Count == 0, "the connection is gone");
    }

    [Fact]
    public async Task A_stopping_server_says_that_it_restarts()
    {
        await using var client = await ConnectAsync();
        var stopping = Server.StopAsync();
        Assert.Equal(1012, (await FrameAsync(client, Expect.Close)).CloseCode);
        await client.SendAsync(RawWebSocket.CloseFrame(1012));
        await EndOfStreamAsync(client);
        await stopping;
    }
}
