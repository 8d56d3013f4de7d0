using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Hosting;

/// <summary>On a clock that the test moves: the pace of the drain is what it is about.</summary>
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

        for (int i = 0; i < seconds * 50; i++)
            await AdvanceAsync();

        Assert.InRange(server.Connections.All().Count(connection => connection.IsClosing), seconds - 1, seconds + 1);
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

        await AdvanceAsync();
        await stopping.WaitAsync(Eventually.Limit, TestContext.Current.CancellationToken);
    }

    private Task<GatewayServer> StartAsync() =>
        GatewayServer.StartAsync(["Drain:Duration=00:00:10"], services => services.AddSingleton<TimeProvider>(_time));

    /// <summary>Clients that do not answer their close frame, so that those being closed can be counted.</summary>
    private static async Task<List<RawWebSocket>> ConnectAsync(GatewayServer server)
    {
        var clients = new List<RawWebSocket>();
        for (int i = 0; i < Clients; i++)
            clients.Add(await RawWebSocket.ConnectAsync(server.PublicPort));
        await Eventually.TrueAsync(() => server.Connections.Count == Clients, "all are connected");
        return clients;
    }

    /// <summary>One step of the drain, which has set its next one when this returns.</summary>
    private async Task AdvanceAsync()
    {
        await Eventually.TrueAsync(() => _time.Timers(dueWithin: Step) > 0, "the drain waits for its next step");
        _time.Advance(Step);
    }

    private async Task EndAsync(GatewayServer server, List<RawWebSocket> clients, Task stopping)
    {
        foreach (var client in clients)
            await client.DisposeAsync();
        await Eventually.TrueAsync(() => server.Connections.Count == 0, "all clients have left");
        _time.Advance(Step);
        await stopping.WaitAsync(Eventually.Limit, TestContext.Current.CancellationToken);
    }
}
