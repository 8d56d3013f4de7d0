using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Client.Tests;

/// <summary>A gateway that believes tokens signed with one secret, with a clock that the test moves. For one test.</summary>
internal sealed class TimedServer : IAsyncDisposable
{
    private readonly GatewayServer _server;

    private TimedServer(GatewayServer server, ManualTime time) => (_server, Time) = (server, time);

    public ManualTime Time { get; }

    public Uri Url => _server.WebSocketUri;

    public static async Task<TimedServer> StartAsync(string secret)
    {
        var time = new ManualTime();
        // Hours may pass in an instant here, in which no client could answer a ping.
        var server = await GatewayServer.StartAsync(
            [.. Clients.Settings, "Auth:Secret=" + secret, "Heartbeat:Ping=23:59:59"],
            services => services.AddSingleton<TimeProvider>(time));
        return new TimedServer(server, time);
    }

    /// <summary>
    /// Ends the gateway, and moves its clock meanwhile: the drain waits by this clock for connections that are still open.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        var disposing = _server.DisposeAsync().AsTask();
        while (!disposing.IsCompleted)
        {
            Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(disposing, Task.Delay(10));
        }
        await disposing;
    }
}
