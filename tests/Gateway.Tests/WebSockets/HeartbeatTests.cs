using System.Text.Json;
using Gateway.Server.Clock;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.WebSockets;

/// <summary>Heartbeats, as in protocol under "Heartbeats". Every test waits for the expected event and asserts no time.</summary>
public sealed class HeartbeatTests
{
    private static Task<GatewayServer> StartAsync(string ping, string pongTimeout) =>
        GatewayServer.StartAsync("Diagnostics:Echo=true", $"Heartbeat:Ping={ping}", $"Heartbeat:PongTimeout={pongTimeout}");

    private static async Task<RawWebSocket> ConnectAsync(GatewayServer server)
    {
        var client = await RawWebSocket.ConnectAsync(server.PublicPort);
        await FrameAsync(client, Text);
        return client;
    }

    [Fact]
    public async Task A_silent_client_is_pinged_and_without_an_answer_closed_with_4011_and_a_disconnect_message()
    {
        await using var server = await StartAsync("00:00:00.1", "00:00:00.2");
        await using var client = await ConnectAsync(server);
        await FrameAsync(client, Ping);
        var disconnect = JsonDocument.Parse((await FrameAsync(client, Text)).Text).RootElement;
        Assert.Equal("disconnect", disconnect.GetProperty("type").GetString());
        Assert.Equal(4011, disconnect.GetProperty("code").GetInt32());
        Assert.True(disconnect.GetProperty("reconnect").GetBoolean());
        Assert.Equal("nothing received in time", await FailureAsync(client, 4011));
        await Eventually.TrueAsync(() => server.Connections.Count == 0, "the connection is gone");
    }

    [Fact]
    public async Task A_silent_client_of_echo_is_pinged_and_closed_too()
    {
        await using var server = await StartAsync("00:00:00.1", "00:00:00.2");
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        await FrameAsync(client, Ping);
        await FailureAsync(client, 4011);
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { (byte)'x' })]
    public async Task A_client_that_answers_is_pinged_again_and_stays(byte[] pong)
    {
        await using var server = await StartAsync("00:00:00.1", "00:00:10");
        await using var client = await ConnectAsync(server);
        for (int i = 0; i < 5; i++)
        {
            await FrameAsync(client, Ping);
            await client.SendAsync(RawWebSocket.Frame(Pong, pong));
        }
        Assert.False(Assert.Single(server.Connections.All()).IsClosing);
    }

    [Fact]
    public async Task Anything_received_counts_as_an_answer()
    {
        await using var server = await StartAsync("00:00:00.1", "00:00:10");
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        // Half a frame each: any bytes count as a sign of life, not only whole frames.
        byte[] message = RawWebSocket.TextFrame("slowly");
        foreach (byte one in message)
        {
            await FrameAsync(client, Ping);
            await client.SendAsync(new[] { one });
        }
        var last = await client.ReadFrameAsync();
        while (last!.Opcode == Ping)
            last = await client.ReadFrameAsync();
        Assert.Equal("slowly", last.Text);
    }

    [Fact]
    public async Task Traffic_makes_pings_superfluous_and_silence_needs_one()
    {
        var clock = new ManualTime();
        await using var server = await GatewayServer.StartAsync(
            ["Diagnostics:Echo=true"], services => services.AddSingleton<TimeProvider>(clock));
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        for (int i = 0; i < 10; i++)
        {
            // Any frame but the echo fails the test, so a ping would.
            await StillOpenAsync(client);
            await PassAsync(TimeSpan.FromSeconds(24));
        }
        await StillOpenAsync(client);
        await PassAsync(TimeSpan.FromSeconds(25));
        await FrameAsync(client, Ping);
        await client.SendAsync(RawWebSocket.Frame(Pong, []));
        await StillOpenAsync(client);
        await PassAsync(TimeSpan.FromSeconds(24));
        await StillOpenAsync(client);
        await LeaveAsync(server, client);

        async Task PassAsync(TimeSpan time)
        {
            var ticks = server.Services.GetRequiredService<GatewayClock>();
            long then = ticks.Now + (long)time.TotalMilliseconds;
            clock.Advance(time);
            await Eventually.TrueAsync(() => ticks.Now == then, "the clock has seen the time");
        }
    }

    [Fact]
    public async Task A_client_silent_for_all_of_the_pong_timeout_is_closed_and_one_that_spoke_within_it_is_not()
    {
        var clock = new ManualTime();
        await using var server = await GatewayServer.StartAsync(
            ["Diagnostics:Echo=true"], services => services.AddSingleton<TimeProvider>(clock));
        await using var silent = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        await using var late = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        await Eventually.TrueAsync(() => server.Connections.Count == 2, "both are in the table");
        clock.Advance(TimeSpan.FromSeconds(25));
        await FrameAsync(silent, Ping);
        await FrameAsync(late, Ping);
        clock.Advance(TimeSpan.FromSeconds(9));
        await Eventually.TrueAsync(() => server.Services.GetRequiredService<GatewayClock>().Now == 34_000, "the clock has seen the time");
        await StillOpenAsync(late);
        clock.Advance(TimeSpan.FromSeconds(1));
        await FailureAsync(silent, 4011);
        await StillOpenAsync(late);
        await LeaveAsync(server, late);
    }

    /// <summary>Closes the client and waits for the end of its connection: the drain would wait for a clock that stands still.</summary>
    private static async Task LeaveAsync(GatewayServer server, RawWebSocket client)
    {
        await client.SendAsync(RawWebSocket.CloseFrame(1000));
        await Eventually.TrueAsync(() => server.Connections.Count == 0, "no connection is left");
    }

    [Fact]
    public async Task The_connected_message_tells_the_time_between_pings()
    {
        await using var server = await StartAsync("00:00:07", "00:00:03");
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort);
        var connected = JsonDocument.Parse((await FrameAsync(client, Text)).Text).RootElement;
        Assert.Equal(7000, connected.GetProperty("ping").GetInt32());
    }
}
