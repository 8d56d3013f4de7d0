using Gateway.TestSupport;

namespace Gateway.Tests.WebSockets;

/// <summary>
/// One gateway for all tests of a class, with <c>/echo</c>. The clock ticks every 100 ms, so that deadlines inside the server are soon
/// noticed.
/// </summary>
public sealed class EchoServer : IAsyncLifetime
{
    public const int MessageBytes = 16 * 1024 * 1024;

    private GatewayServer? _gateway;

    public GatewayServer Gateway => _gateway!;

    public Task<RawWebSocket> ConnectAsync() => RawWebSocket.ConnectAsync(Gateway.PublicPort, "/echo");

    public async ValueTask InitializeAsync() =>
        _gateway = await GatewayServer.StartAsync(
            "Diagnostics:Echo=true", $"Limits:MessageBytes={MessageBytes}", "Heartbeat:PongTimeout=00:00:01");

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null)
            await _gateway.DisposeAsync();
    }
}
