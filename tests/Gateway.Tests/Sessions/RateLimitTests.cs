using System.Text;
using System.Text.Json;
using Gateway.Server.Clock;
using Gateway.Server.Connections;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.Sessions;

/// <summary>
/// Rate limits: <c>Limits:MessagesPerSecond</c>, <c>BytesPerSecond</c> and their bursts, over real sockets. Time passes only where a test
/// says so.
/// </summary>
public sealed class RateLimitTests
{
    private static readonly string[] Ten = ["Limits:MessagesPerSecond=10", "Limits:MessageBurst=5"];

    private readonly ManualTime _clock = new();

    private Task<GatewayServer> StartAsync(params string[] settings) =>
        GatewayServer.StartAsync(["Diagnostics:Echo=true", .. settings], services => services.AddSingleton<TimeProvider>(_clock));

    [Fact]
    public async Task A_message_larger_than_the_burst_costs_a_full_bucket()
    {
        await using var server = await StartAsync("Limits:BytesPerSecond=1000", "Limits:ByteBurst=1000");
        await using var client = await JsonClient.ConnectAsync(server);
        string large = $$"""{"type":"ping","id":"{{new string('x', 5_000)}}"}""";

        await client.AskAsync(large, "pong");

        Assert.Equal("rate_limited", (await client.AskAsync(large, "error")).Text("code"));
    }

    [Theory]
    [InlineData("Limits:MessagesPerSecond=9000000000000000000", "Limits:MessageBurst=9000000000000000000")]
    [InlineData("Limits:BytesPerSecond=9000000000000000000", "Limits:ByteBurst=9000000000000000000")]
    public async Task A_rate_beyond_what_can_be_is_none(string rate, string burst)
    {
        await using var server = await StartAsync(rate, burst);
        await using var client = await JsonClient.ConnectAsync(server);

        for (int i = 0; i < 1_000; i++)
            await client.SendAsync("""{"type":"ping"}""");
        for (int i = 0; i < 1_000; i++)
            await client.ReceiveAsync("pong");
    }

    [Fact]
    public async Task Over_the_burst_each_message_is_refused_with_its_id_and_when_to_try_again_and_is_not_done()
    {
        await using var server = await StartAsync(Ten);
        using var measured = new Measurements(server);
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("news");
        for (int i = 1; i < 5; i++)
            await client.AskAsync($$"""{"type":"ping","id":{{i}}}""", "pong");

        await client.PublishAsync("news", "1", ""","id":"a" """);
        var error = await client.ReceiveAsync("error");
        Assert.Equal(
            ("rate_limited", "a", "news", 100), (error.Text("code"), error.Text("id"), error.Text("channel"), error.Number("retryAfter")));

        _clock.Advance(TimeSpan.FromMilliseconds(99));
        Assert.Equal(1, (await client.AskAsync("""{"type":"ping","id":"early"}""", "error")).Number("retryAfter"));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await client.AskAsync("""{"type":"ping","id":"in time"}""", "pong");
        await client.AskAsync("""{"type":"ping","id":"not twice"}""", "error");
        Assert.Equal(3, measured["gateway.rate_limited reject"]);
        await LeaveAsync(server, client);
    }

    [Fact]
    public async Task However_long_it_was_quiet_only_the_burst_is_there()
    {
        await using var server = await StartAsync(Ten);
        await using var client = await JsonClient.ConnectAsync(server);
        _clock.Advance(TimeSpan.FromSeconds(20));
        for (int i = 0; i < 5; i++)
            await client.AskAsync("""{"type":"ping"}""", "pong");
        await client.AskAsync("""{"type":"ping"}""", "error");
        await LeaveAsync(server, client);
    }

    [Fact]
    public async Task A_hundred_refused_within_ten_seconds_are_closed_with_4029_also_when_others_are_accepted_in_between()
    {
        await using var server = await StartAsync(Ten);
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort);
        await FrameAsync(client, Text);
        await RefusedAsync(client, accepted: 5, refused: 60);
        await PassAsync(server, TimeSpan.FromSeconds(9));
        await RefusedAsync(client, accepted: 5, refused: 39);
        await SendAsync(client, 1);
        var disconnect = JsonDocument.Parse((await FrameAsync(client, Text)).Text).RootElement;
        Assert.Equal((4029, true), (disconnect.GetProperty("code").GetInt32(), disconnect.GetProperty("reconnect").GetBoolean()));
        Assert.Equal("rate limit exceeded", await FailureAsync(client, 4029));
    }

    [Fact]
    public async Task Earlier_refusals_are_forgotten()
    {
        await using var server = await StartAsync(Ten);
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort);
        await FrameAsync(client, Text);
        for (int i = 0; i < 3; i++)
        {
            await RefusedAsync(client, accepted: 5, refused: 99);
            await PassAsync(server, TimeSpan.FromSeconds(10));
        }
        await LeaveAsync(server, client);
    }

    [Fact]
    public async Task The_bytes_of_what_is_refused_are_charged_and_until_they_are_paid_for_nothing_is_read()
    {
        await using var server = await StartAsync("Limits:BytesPerSecond=1000", "Limits:ByteBurst=1000");
        var delays = server.Services.GetRequiredService<Delays>();
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort);
        await FrameAsync(client, Text);
        byte[] message = RawWebSocket.TextFrame($$"""{"type":"ping","x":"{{new string('x', 800 - 8 - 22)}}"}""");
        Assert.Equal(800, message.Length);

        await client.SendAsync((byte[])[.. message, .. message, .. message]);
        Assert.Contains("pong", (await FrameAsync(client, Text)).Text, StringComparison.Ordinal);
        // 200 of 1,000 were left: 600 to pay, and 800 for another.
        Assert.Contains("\"retryAfter\":1400}", (await FrameAsync(client, Text)).Text, StringComparison.Ordinal);
        await Eventually.TrueAsync(() => delays.Count == 1, "the third is not read");
        _clock.Advance(TimeSpan.FromMilliseconds(599));
        Assert.Equal(1, delays.Count);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Contains("\"retryAfter\":1600}", (await FrameAsync(client, Text)).Text, StringComparison.Ordinal);
        await Eventually.TrueAsync(() => delays.Count == 1, "that is paid for too");

        await PassAsync(server, TimeSpan.FromMilliseconds(1600));
        await client.SendAsync(message);
        Assert.Contains("pong", (await FrameAsync(client, Text)).Text, StringComparison.Ordinal);
        await LeaveAsync(server, client);
    }

    [Fact]
    public async Task A_flood_far_above_the_limit_is_read_at_about_the_limit()
    {
        const int Rate = 1_000_000, Burst = 200_000;
        await using var server = await GatewayServer.StartAsync(
            $"Limits:BytesPerSecond={Rate}", $"Limits:ByteBurst={Burst}", "Limits:MessagesPerSecond=1000", "Limits:MessageBurst=1000");
        using var measured = new Measurements(server);
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort);
        // With one in between that there are tokens for: the others are never a hundred in a row.
        byte[] large = RawWebSocket.TextFrame($$"""{"type":"ping","x":"{{new string('x', 60_000)}}"}""");
        byte[] flood = [.. Enumerable.Repeat(large, 60).SelectMany(bytes => bytes), .. RawWebSocket.TextFrame("""{"type":"ping"}""")];
        var reading = client.ReadToEndAsync();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        client.Socket.Blocking = false;
        for (int sent = 0; clock.Elapsed < TimeSpan.FromSeconds(3);)
        {
            int taken = client.Socket.Send(flood.AsSpan(sent % flood.Length), System.Net.Sockets.SocketFlags.None, out var error);
            Assert.True(error is System.Net.Sockets.SocketError.Success or System.Net.Sockets.SocketError.WouldBlock, $"{error}");
            sent += Math.Max(taken, 0);
            if (taken <= 0)
                await Task.Delay(1, TestContext.Current.CancellationToken);
        }
        double limit = (Rate * clock.Elapsed.TotalSeconds) + Burst;
        // Bytes in the pipe are counted when they are read.
        Assert.InRange(measured["gateway.network.received"], Burst, (1.5 * limit) + 128_000);
        client.Reset();
        await Assert.ThrowsAnyAsync<Exception>(() => reading);
    }

    [Fact]
    public async Task Where_the_action_is_close_the_first_over_it_is_closed_with_4029()
    {
        await using var server = await StartAsync([.. Ten, "Limits:RateAction=close"]);
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        await SendAsync(client, 6);
        for (int i = 0; i < 5; i++)
            await FrameAsync(client, Text);
        await FailureAsync(client, 4029);
    }

    [Fact]
    public async Task Bytes_are_counted_as_they_come_frame_headers_and_all()
    {
        await using var server = await StartAsync(
            "Limits:MessageBytes=1000", "Limits:BytesPerSecond=1000", "Limits:ByteBurst=2000", "Limits:RateAction=close");
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        // 992 of payload and 8 of header, twice: the bucket is empty to the byte.
        for (int i = 0; i < 2; i++)
        {
            await client.SendAsync(RawWebSocket.Frame(Binary, Bytes(992)));
            await FrameAsync(client, Binary, Bytes(992));
        }
        _clock.Advance(TimeSpan.FromMilliseconds(6));
        await client.SendAsync(RawWebSocket.Frame(Binary, []));
        await FrameAsync(client, Binary, []);
        await client.SendAsync(RawWebSocket.Frame(Binary, []));
        await FailureAsync(client, 4029);
    }

    [Fact]
    public async Task A_message_in_fragments_is_one_message_and_all_their_bytes()
    {
        await using var server = await StartAsync(
            "Limits:MessagesPerSecond=1", "Limits:MessageBurst=1", "Limits:MessageBytes=128", "Limits:BytesPerSecond=1",
            "Limits:ByteBurst=128", "Limits:RateAction=close");
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        byte[] fragments =
            [.. Enumerable.Range(0, 20).SelectMany(i => RawWebSocket.Frame(i == 0 ? Binary : Continuation, [(byte)i], fin: i == 19))];
        await client.SendAsync(fragments);
        // Their 140 bytes are more than the bucket holds; a full one pays for any message that is allowed.
        await FrameAsync(client, Binary, [.. Enumerable.Range(0, 20).Select(i => (byte)i)]);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await client.SendAsync(RawWebSocket.Frame(Binary, []));
        await FailureAsync(client, 4029);
    }

    [Fact]
    public async Task Pings_and_pongs_count_too_and_close_frames_do_not()
    {
        await using var server = await StartAsync(Ten);
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        for (int i = 0; i < 2; i++)
            await client.SendAsync(RawWebSocket.Frame(Pong, []));
        for (byte i = 0; i < 10; i++)
            await client.SendAsync(RawWebSocket.Frame(Ping, [i]));
        await client.SendAsync(RawWebSocket.CloseFrame(1000));
        for (byte i = 0; i < 3; i++)
            await FrameAsync(client, Pong, [i]);
        Assert.Equal(1000, (await FrameAsync(client, Close)).CloseCode);
        await LeaveAsync(server, client);
    }

    [Fact]
    public async Task Delayed_messages_are_all_done_in_order_as_tokens_come()
    {
        await using var server = await StartAsync([.. Ten, "Limits:RateAction=delay"]);
        using var measured = new Measurements(server);
        var delays = server.Services.GetRequiredService<Delays>();
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        for (int i = 0; i < 30; i++)
            await client.SendMessageAsync($"{i}");
        for (int i = 0; i < 30; i++)
        {
            if (i >= 5)
            {
                await Eventually.TrueAsync(() => delays.Count == 1, "the next one waits");
                _clock.Advance(TimeSpan.FromMilliseconds(100));
            }
            await TextAsync(client, $"{i}");
        }
        Assert.Equal(25, measured["gateway.rate_limited delay"]);
        await LeaveAsync(server, client);
    }

    [Fact]
    public async Task A_delayed_client_is_slowed_by_TCP_and_nothing_of_it_is_lost()
    {
        await using var server = await GatewayServer.StartAsync(
            "Diagnostics:Echo=true", "Limits:BytesPerSecond=10000000", "Limits:ByteBurst=70000", "Limits:MessageBytes=65536",
            "Limits:RateAction=delay");
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        var sending = Task.Run(async () =>
        {
            for (int i = 0; i < 100; i++)
                await client.SendAsync(RawWebSocket.Frame(Binary, Bytes(60_000 + i)));
        }, TestContext.Current.CancellationToken);
        for (int i = 0; i < 100; i++)
            await FrameAsync(client, Binary, Bytes(60_000 + i));
        await sending;
    }

    [Fact]
    public async Task A_delayed_client_costs_the_gateway_no_more_than_its_buffers()
    {
        await using var server = await StartAsync("Limits:MessagesPerSecond=1", "Limits:MessageBurst=1", "Limits:RateAction=delay");
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        byte[] message = RawWebSocket.Frame(Binary, Bytes(60_000));
        // Nothing is read any more, so sooner or later nothing can be sent: real backpressure.
        long sent = 0;
        client.Socket.Blocking = false;
        await Eventually.TrueAsync(() =>
        {
            try
            {
                while (true)
                    sent += client.Socket.Send(message);
            }
            catch (System.Net.Sockets.SocketException full) when (full.SocketErrorCode == System.Net.Sockets.SocketError.WouldBlock)
            {
                return server.Services.GetRequiredService<Delays>().Count == 1;
            }
        }, "the client is stopped");
        Assert.InRange(sent, 1, 32 << 20);
        await LeaveAsync(server, client);
    }

    [Fact]
    public async Task A_delayed_client_can_be_disconnected_and_hears_why()
    {
        await using var server = await GatewayServer.StartAsync(
            "Limits:MessagesPerSecond=1", "Limits:MessageBurst=1", "Limits:RateAction=delay");
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort);
        await SendAsync(client, 10);
        await Eventually.TrueAsync(() => server.Services.GetRequiredService<Delays>().Count == 1, "it waits");
        Assert.Single(server.Connections.All()).RequestClose(CloseRequest.Restarting(0));
        Assert.Equal(1012, (await client.ReadUntilCloseAsync())!.CloseCode);
    }

    [Fact]
    public async Task The_silence_of_a_client_that_is_not_read_is_not_held_against_it()
    {
        await using var server = await StartAsync(
            "Limits:MessagesPerSecond=1", "Limits:MessageBurst=1", "Limits:RateAction=delay", "Heartbeat:Ping=00:00:00.1",
            "Heartbeat:PongTimeout=00:00:00.1");
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        await client.SendMessageAsync("one");
        await TextAsync(client, "one");
        await client.SendMessageAsync("two");
        await Eventually.TrueAsync(() => server.Services.GetRequiredService<Delays>().Count == 1, "it waits");
        var clock = server.Services.GetRequiredService<GatewayClock>();
        for (int i = 1; i <= 9; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Eventually.TrueAsync(() => clock.Now == i * 100, "the clock has seen the time");
        }
        Assert.False(Assert.Single(server.Connections.All()).IsClosing);
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        await TextAsync(client, "two");
        await LeaveAsync(server, client);
    }

    [Fact]
    public async Task Every_connection_has_its_own_buckets()
    {
        await using var server = await StartAsync(Ten);
        await using var greedy = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        await SendAsync(greedy, 20);
        for (int i = 0; i < 5; i++)
            await FrameAsync(greedy, Text);
        await using var modest = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        for (int i = 0; i < 5; i++)
            await StillOpenAsync(modest);
        modest.Reset();
        await LeaveAsync(server, greedy);
    }

    private static Task SendAsync(RawWebSocket client, int pings) =>
        client.SendAsync(
            Enumerable.Repeat(0, pings).SelectMany(_ => RawWebSocket.Frame(Text, Encoding.UTF8.GetBytes("""{"type":"ping"}"""))).ToArray());

    /// <summary>Sends pings and reads their answers.</summary>
    private static async Task RefusedAsync(RawWebSocket client, int accepted, int refused)
    {
        await SendAsync(client, accepted + refused);
        for (int i = 0; i < accepted + refused; i++)
            Assert.Contains(i < accepted ? "pong" : "rate_limited", (await FrameAsync(client, Text)).Text, StringComparison.Ordinal);
    }

    /// <summary>Lets time pass, and the clock see it.</summary>
    private async Task PassAsync(GatewayServer server, TimeSpan time)
    {
        var clock = server.Services.GetRequiredService<GatewayClock>();
        long before = clock.Now;
        _clock.Advance(time);
        await Eventually.TrueAsync(() => clock.Now - before >= time.TotalMilliseconds, "the clock has seen the time");
    }

    private Task LeaveAsync(GatewayServer server, JsonClient client)
    {
        client.Socket.Abort();
        return NobodyIsLeftAsync(server);
    }

    private Task LeaveAsync(GatewayServer server, RawWebSocket client)
    {
        client.Reset();
        return NobodyIsLeftAsync(server);
    }

    /// <summary>Lets time pass until no connection is left: the drain would wait for a clock that stands still.</summary>
    private Task NobodyIsLeftAsync(GatewayServer server) => Eventually.TrueAsync(
        () =>
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            return server.Connections.IsEmpty;
        },
        "no connection is left");
}
