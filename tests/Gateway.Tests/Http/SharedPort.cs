using Gateway.Server.Listening;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Http;

/// <summary>One gateway for all tests of a class, with <c>/echo</c>.</summary>
public sealed class SharedPort : IAsyncLifetime
{
    private GatewayServer? _gateway;

    public GatewayServer Gateway => _gateway!;

    public Task<RawWebSocket> ConnectAsync() => RawWebSocket.ConnectTcpAsync(Gateway.PublicPort);

    /// <summary>Sends a request on its own connection and returns the answer, having seen that the connection ends behind it.</summary>
    public async Task<HttpReply> AskOnceAsync(string request)
    {
        await using var client = await ConnectAsync();
        await client.SendTextAsync(request);
        var reply = await client.ReadReplyAsync();
        Assert.Empty(await client.ReadToEndAsync());
        return reply;
    }

    /// <summary>
    /// Starts the gateway. A connection that a test leaves in a pool is no leak: the gateway ends it long before
    /// <see cref="Eventually.Limit"/>.
    /// </summary>
    public async ValueTask InitializeAsync() =>
        _gateway = await GatewayServer.StartAsync("Diagnostics:Echo=true", "Heartbeat:PongTimeout=00:00:01", "Limits:IdleHttp=00:00:05");

    /// <summary>Stops the gateway, in which nothing of the tests may be left.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            var deadlines = Gateway.Services.GetRequiredService<HandshakeDeadlines>();
            await Eventually.TrueAsync(() => deadlines.Count == 0, "no handshake deadline is left");
            await Eventually.TrueAsync(() => Gateway.Connections.Count == 0, "no connection is left");
            await Eventually.TrueAsync(() => Gateway.Services.GetRequiredService<IdleHttp>().Count == 0, "no HTTP connection is left");
        }
        finally
        {
            await Gateway.DisposeAsync();
        }
    }
}
