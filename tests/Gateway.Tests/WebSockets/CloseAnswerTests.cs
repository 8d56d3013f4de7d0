using Gateway.Protocol.WebSockets;
using Gateway.Server.Connections;
using Gateway.TestSupport;
using Gateway.Tests.Http;
using Microsoft.Extensions.DependencyInjection;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.WebSockets;

/// <summary>
/// The client's answer to the server's close frame, which is found in every position. The clock stands still: without the answer nothing
/// would ever end.
/// </summary>
public sealed class CloseAnswerTests : IAsyncLifetime
{
    private static readonly CloseRequest ThrownOut = new(new CloseStatus(CloseCode.Forbidden, "thrown out"));

    private GatewayServer? _server;

    private GatewayServer Server => _server!;

    public async ValueTask InitializeAsync() =>
        _server = await GatewayServer.StartAsync(
            ["Diagnostics:Echo=true"], services => services.AddSingleton<TimeProvider>(new ManualTime()));

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    private void Close() => Assert.Single(Server.Connections.All()).RequestClose(ThrownOut);

    private async Task EndAsync(RawWebSocket client)
    {
        await EndOfStreamAsync(client);
        await Eventually.TrueAsync(() => Server.Connections.Count == 0, "the connection is gone");
    }

    [Fact]
    public async Task The_server_waits_for_the_answer_to_its_close_frame_before_it_hangs_up()
    {
        await using var client = await RawWebSocket.ConnectAsync(Server.PublicPort, "/echo");
        await StillOpenAsync(client);
        Close();
        var close = await FrameAsync(client, Expect.Close);
        Assert.Equal((4003, "thrown out"), (close.CloseCode, close.CloseReason));
        Assert.Equal(1, Server.Connections.Count);
        Assert.True(
            client.Socket.Available == 0 && !client.Socket.Poll(0, System.Net.Sockets.SelectMode.SelectRead),
            "the stream had ended before the answer");
        await client.SendAsync(RawWebSocket.CloseFrame(4003));
        await EndAsync(client);
    }

    [Fact]
    public async Task Messages_on_their_way_when_the_server_closes_are_dropped_until_the_answer_comes()
    {
        await using var client = await RawWebSocket.ConnectAsync(Server.PublicPort, "/echo");
        await StillOpenAsync(client);
        Close();
        Assert.Equal(4003, (await FrameAsync(client, Expect.Close)).CloseCode);
        for (int i = 0; i < 50; i++)
            await client.SendAsync(RawWebSocket.Frame(Binary, Bytes(30_000)));
        await client.SendAsync((byte[])[.. RawWebSocket.TextFrame("half", fin: false), .. RawWebSocket.CloseFrame(4003)]);
        await EndAsync(client);
    }

    [Fact]
    public async Task A_message_half_sent_when_the_server_closes_may_be_completed_before_the_answer()
    {
        await using var client = await RawWebSocket.ConnectAsync(Server.PublicPort, "/echo");
        await StillOpenAsync(client);
        byte[] frame = RawWebSocket.Frame(Binary, Bytes(40_000));
        await client.SendAsync(frame.AsMemory(0, 1000));
        Close();
        Assert.Equal(4003, (await FrameAsync(client, Expect.Close)).CloseCode);
        await client.SendInPiecesAsync(frame.AsMemory(1000), 1000);
        await client.SendAsync(RawWebSocket.CloseFrame(4003));
        await EndAsync(client);
    }

    [Fact]
    public async Task The_answer_may_be_another_code_or_none_or_illegal()
    {
        foreach (byte[] answer in new[]
        {
            RawWebSocket.CloseFrame(1000), RawWebSocket.Frame(Expect.Close, []), RawWebSocket.CloseFrame(1006),
        })
        {
            await using var client = await RawWebSocket.ConnectAsync(Server.PublicPort, "/echo");
            await StillOpenAsync(client);
            Close();
            Assert.Equal(4003, (await FrameAsync(client, Expect.Close)).CloseCode);
            await client.SendAsync(answer);
            await EndAsync(client);
        }
    }

    [Fact]
    public async Task Close_frames_that_cross_answer_each_other()
    {
        for (int i = 0; i < 50; i++)
        {
            await using var client = await RawWebSocket.ConnectAsync(Server.PublicPort, "/echo");
            await StillOpenAsync(client);
            var connection = Assert.Single(Server.Connections.All());
            var sending = client.SendAsync(RawWebSocket.CloseFrame(1000));
            connection.RequestClose(ThrownOut);
            await sending;
            Assert.Contains((await FrameAsync(client, Expect.Close)).CloseCode, new[] { 1000, 4003 });
            await EndAsync(client);
        }
    }

    [Fact]
    public async Task The_answer_may_stand_right_behind_the_message_that_is_refused()
    {
        await using var client = await RawWebSocket.ConnectAsync(Server.PublicPort);
        await FrameAsync(client, Text);
        await client.SendAsync(
            (byte[])[.. RawWebSocket.Frame(Binary, [1]), .. RawWebSocket.TextFrame("dropped"), .. RawWebSocket.CloseFrame(1000)]);
        await FrameAsync(client, Text);
        Assert.Equal(1003, (await FrameAsync(client, Expect.Close)).CloseCode);
        await EndAsync(client);
    }

    [Fact]
    public async Task The_answer_may_stand_behind_a_message_that_the_close_split_in_two()
    {
        await using var client = await RawWebSocket.ConnectAsync(Server.PublicPort);
        await FrameAsync(client, Text);
        byte[] cut = RawWebSocket.Frame(Text, new byte[20_000]);
        await client.SendAsync((byte[])[.. RawWebSocket.Frame(Binary, [1]), .. cut[..100]]);
        await FrameAsync(client, Text);
        Assert.Equal(1003, (await FrameAsync(client, Expect.Close)).CloseCode);
        await client.SendInPiecesAsync(cut.AsMemory(100), 100);
        // A server that took the second half for the beginning of a frame has hung up by now, so this send meets a reset.
        for (int i = 0; i < 50; i++)
            await client.SendAsync(RawWebSocket.Frame(Binary, Bytes(30_000)));
        await client.SendAsync(RawWebSocket.CloseFrame(1003));
        await EndAsync(client);
    }

    [Fact]
    public async Task The_answer_may_arrive_byte_by_byte()
    {
        await using var client = await RawWebSocket.ConnectAsync(Server.PublicPort, "/echo");
        await StillOpenAsync(client);
        Close();
        Assert.Equal(4003, (await FrameAsync(client, Expect.Close)).CloseCode);
        await client.SendInPiecesAsync(RawWebSocket.CloseFrame(4003, "as you say"), 1);
        await EndAsync(client);
    }

    [Fact]
    public async Task The_answer_is_found_on_a_connection_whose_upgrade_was_its_second_request()
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(Server.PublicPort);
        await client.SendTextAsync(HttpRequests.Get("/health/live") + RawWebSocket.UpgradeRequest("/echo"));
        Assert.Equal(200, (await client.ReadReplyAsync()).Status);
        Assert.Equal(101, (await client.ReadReplyAsync()).Status);
        await StillOpenAsync(client);
        Close();
        Assert.Equal(4003, (await FrameAsync(client, Expect.Close)).CloseCode);
        await client.SendAsync((byte[])[.. RawWebSocket.TextFrame("late"), .. RawWebSocket.CloseFrame(4003)]);
        await EndAsync(client);
    }

    [Fact]
    public async Task A_client_that_hangs_up_instead_of_answering_ends_the_connection_too()
    {
        await using var client = await RawWebSocket.ConnectAsync(Server.PublicPort, "/echo");
        await StillOpenAsync(client);
        Close();
        Assert.Equal(4003, (await FrameAsync(client, Expect.Close)).CloseCode);
        client.FinishSending();
        await EndAsync(client);
    }
}
