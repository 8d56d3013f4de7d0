using System.Net.Sockets;
using System.Text;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.TestSupport;

namespace Gateway.Tests.Sessions;

/// <summary>A client that sends requests and never reads the answers: the server stops reading from it instead of storing them.</summary>
public sealed class UnreadReplyTests
{
    /// <summary>More than every buffer between the client and the server's read loop can hold together.</summary>
    private const int FarTooMuch = 64 << 20;

    /// <summary>The bytes of one answer that may wait beside those counted before it: the largest page of history.</summary>
    private const int LargestReply = 400_000;

    [Theory]
    [InlineData("""{"type":"ping","id":"a-long-id-that-makes-the-answer-as-long-as-the-question"}""")]
    [InlineData("""{"type":"message","channel":"x","content":1,"id":"another-long-id"}""")]
    [InlineData("""{"type":"dance","id":"errors-are-replies-too"}""")]
    [InlineData("""{"type":"history","channel":"log:big","id":1}""")]
    public async Task The_server_stops_reading_and_holds_a_bounded_amount(string request)
    {
        await using var server = await ServerAsync();
        await using var stalled = await Stalled.StartAsync(server);
        byte[] frames = [.. Enumerable.Repeat(RawWebSocket.TextFrame(request), 200).SelectMany(frame => frame)];

        int sent = await SendUntilStuckAsync(stalled, frames);

        Assert.True(sent < FarTooMuch);
        Assert.InRange(stalled.Connection.Writer.QueuedBytes, 1, ConnectionWriter.ReplyBytes + LargestReply);
        Assert.False(stalled.Connection.IsClosing);
    }

    [Fact]
    public async Task Pongs_to_pings_of_the_protocol_are_bounded_too()
    {
        await using var server = await ServerAsync();
        await using var stalled = await Stalled.StartAsync(server);
        byte[] ping = RawWebSocket.Frame(9, Encoding.UTF8.GetBytes(new string('p', 125)));

        Assert.True(await SendUntilStuckAsync(stalled, [.. Enumerable.Repeat(ping, 200).SelectMany(frame => frame)]) < FarTooMuch);
        Assert.InRange(stalled.Connection.Writer.QueuedBytes, 1, ConnectionWriter.ReplyBytes + LargestReply);
    }

    [Fact]
    public async Task A_client_that_reads_again_gets_every_answer_in_order()
    {
        await using var server = await ServerAsync();
        await using var stalled = await Stalled.StartAsync(server);
        const int Questions = 200_000;
        var asking = Task.Run(async () =>
        {
            for (int i = 0; i < Questions; i += 1000)
                await stalled.Socket.SendAsync(
                    Enumerable.Range(i, 1000).SelectMany(id => RawWebSocket.TextFrame($$"""{"type":"ping","id":{{id}}}""")).ToArray());
        });
        await Eventually.TrueAsync(() => stalled.Connection.Writer.IsBlocked, "answers wait");

        for (int id = 0; id < Questions; id++)
            Assert.Equal($$"""{"type":"pong","id":{{id}}}""", (await stalled.Socket.ReadFrameAsync())!.Text);
        await asking;
    }

    private static async Task<GatewayServer> ServerAsync()
    {
        var server = await GatewayServer.StartAsync("Namespaces:log:History=100");
        await using var publisher = await JsonClient.ConnectAsync(server);
        for (int i = 0; i < 10; i++)
            await publisher.PublishAsync("log:big", "\"" + new string('x', 30_000) + "\"");
        await publisher.PublishManyAsync("log:big", 1);
        return server;
    }

    /// <summary>Sends until the socket takes nothing more and the server has something queued.</summary>
    private static async Task<int> SendUntilStuckAsync(Stalled stalled, byte[] frames)
    {
        var socket = stalled.Socket.Socket;
        socket.Blocking = false;
        int sent = 0;
        var idle = DateTime.MaxValue;
        while (sent < FarTooMuch)
        {
            int taken = socket.Send(frames.AsSpan(sent % frames.Length), SocketFlags.None, out var error);
            if (error is not (SocketError.Success or SocketError.WouldBlock))
                throw new SocketException((int)error);
            if (taken > 0)
            {
                (sent, idle) = (sent + taken, DateTime.MaxValue);
                continue;
            }
            // Half a second in which nothing moved: slower than any server that still reads.
            if (idle == DateTime.MaxValue)
                idle = DateTime.UtcNow.AddSeconds(0.5);
            else if (DateTime.UtcNow > idle && stalled.Connection.Writer.IsBlocked)
                break;
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
        return sent;
    }
}
