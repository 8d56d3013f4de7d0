using Gateway.TestSupport;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.WebSockets;

/// <summary>Fragmentation: RFC 6455 section 5.4.</summary>
public sealed class FragmentationTests(EchoServer server) : IClassFixture<EchoServer>
{
    public static TheoryData<int, int, bool> Messages => new(
        from opcode in new[] { Text, Binary }
        from fragments in new[] { 2, 3, 10, 1000 }
        from onePacket in new[] { true, false }
        select (opcode, fragments, onePacket));

    [Theory]
    [MemberData(nameof(Messages))]
    public async Task Fragments_come_back_as_one_message(int opcode, int fragments, bool onePacket)
    {
        await using var client = await server.ConnectAsync();
        byte[] payload = opcode == Text ? TextBytes(fragments * 7) : Bytes(fragments * 7);
        byte[] frames =
        [
            .. payload.Chunk(7).SelectMany((part, i) => RawWebSocket.Frame(i == 0 ? opcode : Continuation, part, fin: i == fragments - 1)),
        ];
        await client.SendInPiecesAsync(frames, onePacket ? frames.Length : 11);
        await FrameAsync(client, opcode, payload);
        await StillOpenAsync(client);
    }

    [Theory]
    [InlineData(70_000, 3)]
    [InlineData(1 << 20, 8)]
    public async Task Large_fragments_come_back_as_one_message(int fragment, int fragments)
    {
        await using var client = await server.ConnectAsync();
        byte[] payload = Bytes(fragment * fragments);
        for (int i = 0; i < fragments; i++)
            await client.SendAsync(
                RawWebSocket.Frame(i == 0 ? Binary : Continuation, payload.AsSpan(i * fragment, fragment), fin: i == fragments - 1));
        await FrameAsync(client, Binary, payload);
        await StillOpenAsync(client);
    }

    [Theory]
    [InlineData("", "", "")]
    [InlineData("", "middle", "")]
    [InlineData("first", "", "")]
    [InlineData("", "", "last")]
    [InlineData("first", "", "last")]
    public async Task Fragments_may_be_empty(string first, string second, string third)
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.TextFrame(first, fin: false));
        await client.SendAsync(RawWebSocket.Frame(Continuation, System.Text.Encoding.UTF8.GetBytes(second), fin: false));
        await client.SendAsync(RawWebSocket.Frame(Continuation, System.Text.Encoding.UTF8.GetBytes(third)));
        await TextAsync(client, first + second + third);
        await StillOpenAsync(client);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Control_frames_between_fragments_do_not_disturb_the_message(bool onePacket)
    {
        await using var client = await server.ConnectAsync();
        byte[] frames = [
            .. RawWebSocket.TextFrame("a", fin: false), .. RawWebSocket.Frame(Ping, "1"u8), .. RawWebSocket.Frame(Pong, "x"u8),
            .. RawWebSocket.Frame(Continuation, "b"u8, fin: false), .. RawWebSocket.Frame(Ping, []), .. RawWebSocket.Frame(Ping, "2"u8),
            .. RawWebSocket.Frame(Continuation, "c"u8)];
        await client.SendInPiecesAsync(frames, onePacket ? frames.Length : 1);
        await FrameAsync(client, Pong, "1"u8.ToArray());
        await FrameAsync(client, Pong, []);
        await FrameAsync(client, Pong, "2"u8.ToArray());
        await TextAsync(client, "abc");
        await StillOpenAsync(client);
    }

    [Fact]
    public async Task A_close_frame_between_fragments_closes_and_the_message_is_dropped()
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync((byte[])[
            .. RawWebSocket.TextFrame("never", fin: false),
            .. RawWebSocket.CloseFrame(1000),
            .. RawWebSocket.Frame(Continuation, "complete"u8)]);
        Assert.Equal(1000, (await FrameAsync(client, Close)).CloseCode);
        await EndOfStreamAsync(client);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_continuation_without_a_start_is_refused(bool fin)
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.Frame(Continuation, "lost"u8, fin));
        Assert.Equal("continuation frame without a message to continue", await FailureAsync(client, 1002));
    }

    [Fact]
    public async Task A_continuation_after_a_complete_message_is_refused()
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.TextFrame("a", fin: false));
        await client.SendAsync(RawWebSocket.Frame(Continuation, "b"u8));
        await TextAsync(client, "ab");
        await client.SendAsync(RawWebSocket.Frame(Continuation, "c"u8));
        Assert.Equal("continuation frame without a message to continue", await FailureAsync(client, 1002));
    }

    [Theory]
    [InlineData(Text, Text)]
    [InlineData(Text, Binary)]
    [InlineData(Binary, Text)]
    [InlineData(Binary, Binary)]
    public async Task A_new_message_inside_a_fragmented_one_is_refused(int outer, int inner)
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.Frame(outer, "outer"u8, fin: false));
        await client.SendAsync(RawWebSocket.Frame(inner, "inner"u8));
        Assert.Equal("new message inside a fragmented message", await FailureAsync(client, 1002));
    }
}
