using Gateway.Server.Clock;
using Gateway.Server.Connections;
using Gateway.TestSupport;
using Gateway.Tests.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Connections;

/// <summary>When a node gives memory back. Its clock stands still, so that only a test's ticks are seen.</summary>
public sealed class HeapCompactionTests : IDisposable
{
    private readonly RecordedLog _log = new();

    [Fact]
    public async Task A_storm_that_has_gone_quiet_causes_one_collection()
    {
        await using var server = await StartAsync();
        await ComeAndGoAsync(server, HeapCompaction.StormChanges / 2);

        Tick(server, 1_000);
        Tick(server, 2_000);
        Assert.Equal(0, await CompactionsAsync(server));

        for (long now = 3_000; now <= 60_000; now += 1_000)
            Tick(server, now);
        Assert.Equal(1, await CompactionsAsync(server));
        await Eventually.TrueAsync(() => _log.Of(11).Count == 1, "memory was given back");
        Assert.StartsWith("Gave memory back after 2000 connections came or went: ", _log.Of(11)[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fewer_than_a_storm_cause_none()
    {
        await using var server = await StartAsync();
        await ComeAndGoAsync(server, (HeapCompaction.StormChanges / 2) - 1);

        for (long now = 1_000; now <= 60_000; now += 1_000)
            Tick(server, now);

        Assert.Equal(0, await CompactionsAsync(server));
    }

    [Fact]
    public async Task Those_that_come_and_go_slowly_are_no_storm_however_many()
    {
        await using var server = await StartAsync();
        for (long now = 1_000; now <= 101_000; now += 1_000)
        {
            await ComeAndGoAsync(server, (int)HeapCompaction.QuietChangesPerSecond / 2);
            Tick(server, now);
        }

        Assert.True(server.Connections.Changes > HeapCompaction.StormChanges);
        Assert.Equal(0, await CompactionsAsync(server));
    }

    [Fact]
    public async Task A_heap_that_would_stop_all_threads_for_long_is_left_as_it_is()
    {
        await using var server = await StartAsync("Heartbeat:PongTimeout=00:00:00.01");
        await ComeAndGoAsync(server, HeapCompaction.StormChanges / 2);

        for (long now = 1_000; now <= 60_000; now += 1_000)
            Tick(server, now);

        Assert.Equal(0, await CompactionsAsync(server));
    }

    public void Dispose() => _log.Dispose();

    private static void Tick(GatewayServer server, long now) =>
        ((ITickHandler)server.Services.GetRequiredService<HeapCompaction>()).OnTick(now);

    private static async Task ComeAndGoAsync(GatewayServer server, int clients)
    {
        for (int i = 0; i < clients; i++)
        {
            await using var client = await RawWebSocket.ConnectAsync(server.PublicPort);
        }
        await Eventually.TrueAsync(() => server.Connections.IsEmpty, "all have gone");
    }

    private static async Task<double?> CompactionsAsync(GatewayServer server) =>
        (await PrometheusTests.ScrapeAsync(server)).Value("gateway_heap_compactions_total");

    private Task<GatewayServer> StartAsync(params string[] settings) => GatewayServer.StartAsync(
        settings,
        services => services.AddSingleton<TimeProvider>(new ManualTime()).AddSingleton<ILoggerProvider>(_log));
}
