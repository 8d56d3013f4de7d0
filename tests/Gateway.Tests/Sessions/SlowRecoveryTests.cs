using System.Text.Json;
using Gateway.Server.Clock;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Sessions;

/// <summary>
/// A client on a bad link that asks for more than it can take within the time that heartbeats allow for silence. Its pongs are not read
/// while its request is answered. The test moves the clock.
/// </summary>
public sealed class SlowRecoveryTests
{
    private const int Messages = 600;

    /// <summary>A pause that is, with the clock's own second, less than the default <c>Heartbeat:PongTimeout</c>.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(8);

    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_client_that_reads_is_not_taken_for_dead()
    {
        await using var server = await StartAsync();
        await using var client = await RecoverAsync(server);
        var connection = await ConnectionAsync(server);

        var passed = TimeSpan.Zero;
        for (long seq = 0; seq < Messages;)
        {
            passed += Pause;
            await AdvanceAsync(server, Pause);
            long before = connection.Writer.Relieved;
            while (seq < Messages && connection.Writer.Relieved == before)
                seq = await ReadAsync(client, seq);
        }
        Assert.True(passed > TimeSpan.FromSeconds(45), "so long that a silent client would have been closed");
        Assert.False(connection.IsClosing);
        await EndAsync(server, client);
    }

    [Fact]
    public async Task A_client_that_stops_reading_is_taken_for_dead()
    {
        await using var server = await StartAsync();
        await using var client = await RecoverAsync(server);
        var connection = await ConnectionAsync(server);

        for (int i = 0; i < 10; i++)
            await AdvanceAsync(server, Pause);

        Assert.True(connection.IsClosing);
        await EndAsync(server, client);
    }

    private async Task<GatewayServer> StartAsync()
    {
        var server = await GatewayServer.StartAsync(
            ["Namespaces:log:History=1000", "Namespaces:log:HistoryTtl=1.00:00:00"],
            services => services.AddSingleton<TimeProvider>(_time));
        await using var publisher = await JsonClient.ConnectAsync(server);
        string content = "\"" + new string('x', 40_000) + "\"";
        for (int i = 1; i < Messages; i++)
            await publisher.PublishAsync("log:a", content);
        await publisher.PublishManyAsync("log:a", 1);
        return server;
    }

    private static async Task<RawWebSocket> RecoverAsync(GatewayServer server)
    {
        string epoch;
        await using (var asking = await JsonClient.ConnectAsync(server))
            epoch = (await asking.AskAsync("""{"type":"history","channel":"log:a","limit":1}""", "history")).Text("epoch");
        await Eventually.TrueAsync(() => server.Connections.Count == 0, "only the slow client will be left");
        var client = await RawWebSocket.ConnectAsync(server.PublicPort, receiveBuffer: 4096);
        await client.SendMessageAsync($$$"""{"type":"subscribe","channel":"log:a","recover":{"epoch":"{{{epoch}}}","seq":0}}""");
        return client;
    }

    private static async Task<Connection> ConnectionAsync(GatewayServer server)
    {
        // The answer to the upgrade is sent before the connection is entered.
        await Eventually.TrueAsync(() => server.Connections.Count == 1, "the client is connected");
        var connection = server.Connections.All().Single();
        await Eventually.TrueAsync(() => connection.Writer.IsBlocked, "the client does not keep up");
        return connection;
    }

    /// <summary>Resets the client and waits for the end of its connection: the drain would wait for a clock that stands still.</summary>
    private static async Task EndAsync(GatewayServer server, RawWebSocket client)
    {
        client.Reset();
        await Eventually.TrueAsync(() => server.Connections.Count == 0, "nothing is left of the client");
    }

    private async Task AdvanceAsync(GatewayServer server, TimeSpan by)
    {
        var clock = server.Services.GetRequiredService<GatewayClock>();
        long next = clock.Now + (long)by.TotalMilliseconds;
        _time.Advance(by);
        await Eventually.TrueAsync(() => clock.Now >= next, "the clock has ticked");
        // The tick visits the connections after it has set the time: a second one, at once, comes after the first is done.
        next++;
        _time.Advance(clock.Period);
        await Eventually.TrueAsync(() => clock.Now >= next, "the clock has ticked again");
    }

    private static async Task<long> ReadAsync(RawWebSocket client, long seq)
    {
        var frame = await client.ReadFrameAsync() ?? throw new InvalidOperationException("the connection ended");
        Assert.NotEqual(8, frame.Opcode);
        if (frame.Opcode == 9)
        {
            await client.SendAsync(RawWebSocket.Frame(10, frame.Payload));
            return seq;
        }
        var message = JsonDocument.Parse(frame.Payload).RootElement;
        if (message.Text("type") is "connected" or "subscribed")
            return seq;
        Assert.Equal(seq + 1, message.Number("seq"));
        return seq + 1;
    }
}
