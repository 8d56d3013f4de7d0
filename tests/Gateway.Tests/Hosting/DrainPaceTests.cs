using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Hosting;

/// <summary>
/// The pace of a drain, on a clock that the test moves. Two seconds of the time are for disconnect messages and for the rest of the node.
/// </summary>
public sealed class DrainPaceTests
{
    private const int Clients = 10;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    private readonly ManualTime _time = new();

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(9)]
    public async Task Few_connections_are_closed_evenly_over_the_whole_time_too(int seconds)
    {
        await using var server = await StartAsync();
        var clients = await ConnectAsync(server);
        var stopping = server.StopAsync();

        await Eventually.TrueAsync(() => _time.Timers(dueWithin: Step) > 0, "the drain waits for its next step");
        _time.Advance(TimeSpan.FromSeconds(seconds));

        await Eventually.TrueAsync(() => Closing(server) >= seconds, "as many are closed as seconds have passed");
        Assert.Equal(seconds, Closing(server));
        await EndAsync(server, clients, stopping);
    }

    [Fact]
    public async Task When_the_last_connection_has_gone_the_drain_is_over()
    {
        await using var server = await StartAsync();
        var clients = await ConnectAsync(server);
        var stopping = server.StopAsync();
        foreach (var client in clients)
            await client.DisposeAsync();
        await Eventually.TrueAsync(() => server.Connections.Count == 0, "all clients have left");

        await AdvanceUntilAsync(stopping);
    }

    private Task<GatewayServer> StartAsync() =>
        GatewayServer.StartAsync(["Drain:Duration=00:00:12"], services => services.AddSingleton<TimeProvider>(_time));

    /// <summary>Connects clients that do not answer their close frame, so that closing connections can be counted.</summary>
    private static async Task<List<RawWebSocket>> ConnectAsync(GatewayServer server)
    {
        var clients = new List<RawWebSocket>();
        for (int i = 0; i < Clients; i++)
            clients.Add(await RawWebSocket.ConnectAsync(server.PublicPort));
        await Eventually.TrueAsync(() => server.Connections.Count == Clients, "all are connected");
        return clients;
    }

    private static int Closing(GatewayServer server) => server.Connections.All().Count(connection => connection.IsClosing);

    private async Task EndAsync(GatewayServer server, List<RawWebSocket> clients, Task stopping)
    {
        foreach (var client in clients)
            await client.DisposeAsync();
        await Eventually.TrueAsync(() => server.Connections.Count == 0, "all clients have left");
        await AdvanceUntilAsync(stopping);
    }

    private Task AdvanceUntilAsync(Task stopping) => Eventually.TrueAsync(
        () =>
        {
            _time.Advance(Step);
            return stopping.IsCompletedSuccessfully;
        },
        "the drain is over");
}
