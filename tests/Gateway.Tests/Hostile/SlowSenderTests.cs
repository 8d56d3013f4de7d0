using Gateway.Server.Admission;
using Gateway.Server.Clock;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.Hostile;

/// <summary>Clients that send next to nothing, forever. They may stay, but must not cost more than a quiet one.</summary>
public sealed class SlowSenderTests
{
    [Fact]
    public async Task A_byte_a_second_is_a_message_in_the_end_and_disturbs_no_other_client()
    {
        var time = new ManualTime();
        await using var server = await GatewayServer.StartAsync(
            ["Diagnostics:Echo=true"], services => services.AddSingleton<TimeProvider>(time));
        var clock = server.Services.GetRequiredService<GatewayClock>();
        var slow = new List<RawWebSocket>();
        for (int i = 0; i < 20; i++)
            slow.Add(await RawWebSocket.ConnectAsync(server.PublicPort, "/echo"));
        await using var quick = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        byte[] message = RawWebSocket.TextFrame(new string('x', 60));
        for (int i = 0; i < message.Length; i++)
        {
            foreach (var client in slow)
                await client.SendAsync(message.AsMemory(i, 1));
            await StillOpenAsync(quick);
            long then = clock.Now + 1_000;
            time.Advance(TimeSpan.FromSeconds(1));
            await Eventually.TrueAsync(() => clock.Now == then, "the clock has seen the time");
        }
        foreach (var client in slow)
        {
            await TextAsync(client, new string('x', 60));
            client.Reset();
        }
        quick.Reset();
        await Eventually.TrueAsync(() => server.Connections.IsEmpty, "nobody is left");
    }

    [Fact]
    public async Task A_client_behind_a_network_that_swallows_everything_is_given_up_and_counted_no_more()
    {
        await using var server = await GatewayServer.StartAsync(
            "Limits:ConnectionsPerAddress=5", "Heartbeat:Ping=00:00:00.2", "Heartbeat:PongTimeout=00:00:00.2");
        await using var network = TcpProxy.Start(server.PublicPort);
        await using var client = await RawWebSocket.ConnectAsync(network.Port);
        await client.SendMessageAsync("""{"type":"subscribe","channel":"news"}""");
        await Eventually.TrueAsync(() => server.Channels.Count == 1, "it is subscribed");
        network.Swallow();
        await Eventually.TrueAsync(() => server.Connections.IsEmpty && server.Channels.Count == 0, "nothing is left of it");
        Assert.Equal((0, 0, 0), server.Services.GetRequiredService<ConnectionLimits>().Counts);
    }
}
