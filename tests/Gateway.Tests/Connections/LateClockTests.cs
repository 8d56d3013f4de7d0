using Gateway.Server.Connections;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Connections;

/// <summary>A clock that ticks late, as on a busy machine: no connection is closed for that.</summary>
public sealed class LateClockTests
{
    private const int Text = 1;
    private const int Ping = 9;
    private const int Pong = 10;

    [Fact]
    public async Task A_client_that_answered_a_ping_is_pinged_again_however_late_the_next_tick_is()
    {
        var time = new SteppedTime();
        await using var server = await GatewayServer.StartAsync([], services => services.AddSingleton<TimeProvider>(time));
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort);
        Assert.Equal(Text, (await client.ReadFrameAsync())!.Opcode);

        time.Step(TimeSpan.FromSeconds(25));
        Assert.Equal(Ping, (await client.ReadFrameAsync())!.Opcode);
        await client.SendAsync(RawWebSocket.Frame(Pong, []));
        await client.SendMessageAsync("""{"type":"ping"}""");
        Assert.Equal("""{"type":"pong"}""", (await client.ReadFrameAsync())!.Text);

        time.Step(TimeSpan.FromMinutes(5));
        Assert.Equal(Ping, (await client.ReadFrameAsync())!.Opcode);
        await LeaveAsync(client, server);
    }

    [Fact]
    public async Task A_client_that_did_not_answer_is_closed()
    {
        var time = new SteppedTime();
        await using var server = await GatewayServer.StartAsync([], services => services.AddSingleton<TimeProvider>(time));
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort);
        Assert.Equal(Text, (await client.ReadFrameAsync())!.Opcode);

        time.Step(TimeSpan.FromSeconds(25));
        Assert.Equal(Ping, (await client.ReadFrameAsync())!.Opcode);
        time.Step(TimeSpan.FromSeconds(10));

        Assert.Contains("\"disconnect\"", (await client.ReadFrameAsync())!.Text);
        Assert.Equal(4011, (await client.ReadFrameAsync())!.CloseCode);
        await LeaveAsync(client, server);
    }

    /// <summary>Closes the client and waits for the end of its connection: the drain would wait for a clock that stands still.</summary>
    private static async Task LeaveAsync(RawWebSocket client, GatewayServer server)
    {
        await client.DisposeAsync();
        await Eventually.TrueAsync(() => server.Services.GetRequiredService<ConnectionTable>().IsEmpty, "the connection has ended");
    }
}
