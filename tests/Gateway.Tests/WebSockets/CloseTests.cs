using System.Text;
using Gateway.TestSupport;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.WebSockets;

/// <summary>Closing by the client: RFC 6455 sections 5.5.1, 7.1 and 7.4.</summary>
public sealed class CloseTests(EchoServer server) : IClassFixture<EchoServer>
{
    [Theory]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(1002)]
    [InlineData(1003)]
    [InlineData(1007)]
    [InlineData(1008)]
    [InlineData(1009)]
    [InlineData(1010)]
    [InlineData(1011)]
    [InlineData(1012)]
    [InlineData(1013)]
    [InlineData(1014)]
    [InlineData(3000)]
    [InlineData(3999)]
    [InlineData(4000)]
    [InlineData(4999)]
    public async Task A_legal_code_is_echoed_and_the_stream_ends(int code)
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.CloseFrame(code));
        Assert.Equal(code, (await FrameAsync(client, Close)).CloseCode);
        await EndOfStreamAsync(client);
    }

    [Fact]
    public async Task A_close_frame_without_a_code_is_answered_without_one()
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.Frame(Close, []));
        await FrameAsync(client, Close, []);
        await EndOfStreamAsync(client);
    }

    public static TheoryData<string> Reasons => ["bye", "", "tschüß 水 🌊", new string('r', 123), new string('é', 61)];

    [Theory]
    [MemberData(nameof(Reasons))]
    public async Task A_close_frame_may_have_a_reason(string reason)
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.CloseFrame(3000, reason));
        Assert.Equal(3000, (await FrameAsync(client, Close)).CloseCode);
        await EndOfStreamAsync(client);
    }

    [Fact]
    public async Task A_close_frame_may_arrive_byte_by_byte()
    {
        await using var client = await server.ConnectAsync();
        await client.SendInPiecesAsync(RawWebSocket.CloseFrame(1000, "in small pieces"), 1);
        Assert.Equal(1000, (await FrameAsync(client, Close)).CloseCode);
        await EndOfStreamAsync(client);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(999)]
    [InlineData(1004)]
    [InlineData(1005)]
    [InlineData(1006)]
    [InlineData(1015)]
    [InlineData(1016)]
    [InlineData(1100)]
    [InlineData(2000)]
    [InlineData(2999)]
    [InlineData(5000)]
    [InlineData(65_535)]
    public async Task A_code_that_may_not_be_sent_is_a_protocol_error(int code)
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.CloseFrame(code));
        Assert.Equal("close code is not allowed in a frame", await FailureAsync(client, 1002));
    }

    [Fact]
    public async Task Half_a_code_is_a_protocol_error()
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.Frame(Close, [0x03]));
        Assert.Equal("close frame has half a close code", await FailureAsync(client, 1002));
    }

    [Theory]
    [InlineData(new byte[] { 0xFF })]
    [InlineData(new byte[] { 0xCE, 0xBA, 0xE1, 0xBD })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    public async Task A_reason_that_is_not_text_is_refused(byte[] reason)
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.Frame(Close, [0x03, 0xE8, .. reason]));
        Assert.Equal("close reason is not valid UTF-8", await FailureAsync(client, 1007));
    }

    [Fact]
    public async Task Frames_behind_a_close_frame_are_ignored()
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync((byte[])[
            .. RawWebSocket.TextFrame("before"), .. RawWebSocket.CloseFrame(1000), .. RawWebSocket.TextFrame("after"),
            .. RawWebSocket.Frame(Ping, "after"u8), .. RawWebSocket.CloseFrame(4000), 0xFF]);
        await TextAsync(client, "before");
        Assert.Equal(1000, (await FrameAsync(client, Close)).CloseCode);
        await EndOfStreamAsync(client);
    }

    [Theory]
    [InlineData(70_000)]
    [InlineData(1 << 20)]
    [InlineData(EchoServer.MessageBytes)]
    public async Task A_close_frame_right_behind_a_large_message_is_answered_behind_its_echo(int length)
    {
        await using var client = await server.ConnectAsync();
        byte[] payload = Bytes(length);
        await client.SendAsync((byte[])[.. RawWebSocket.Frame(Binary, payload), .. RawWebSocket.CloseFrame(1000)]);
        await FrameAsync(client, Binary, payload);
        Assert.Equal(1000, (await FrameAsync(client, Close)).CloseCode);
        await EndOfStreamAsync(client);
    }

    [Fact]
    public async Task A_close_frame_right_behind_many_messages_is_answered_behind_all_their_echoes()
    {
        await using var client = await server.ConnectAsync();
        byte[] message = RawWebSocket.Frame(Text, TextBytes(20_000));
        await client.SendAsync((byte[])[.. Enumerable.Repeat(message, 100).SelectMany(frame => frame), .. RawWebSocket.CloseFrame(1001)]);
        for (int i = 0; i < 100; i++)
            await FrameAsync(client, Text, TextBytes(20_000));
        Assert.Equal(1001, (await FrameAsync(client, Close)).CloseCode);
        await EndOfStreamAsync(client);
    }

    [Fact]
    public async Task A_client_that_shuts_its_sending_side_gets_its_answers_and_the_end_of_the_stream()
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(
            (byte[])[.. RawWebSocket.TextFrame("last words"), .. RawWebSocket.Frame(Ping, Encoding.ASCII.GetBytes("?"))]);
        client.FinishSending();
        await TextAsync(client, "last words");
        await FrameAsync(client, Pong, "?"u8.ToArray());
        await EndOfStreamAsync(client);
    }

    [Fact]
    public async Task A_client_that_closes_and_shuts_its_sending_side_at_once_gets_its_close_frame()
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.CloseFrame(1000));
        client.FinishSending();
        Assert.Equal(1000, (await FrameAsync(client, Close)).CloseCode);
        await EndOfStreamAsync(client);
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0x81 })]
    [InlineData(new byte[] { 0x81, 0x85, 1, 2 })]
    [InlineData(new byte[] { 0x81, 0x85, 1, 2, 3, 4, 5 })]
    public async Task A_client_that_shuts_its_sending_side_anywhere_in_a_frame_gets_the_end_of_the_stream(byte[] begun)
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(begun);
        client.FinishSending();
        await EndOfStreamAsync(client);
    }
}
