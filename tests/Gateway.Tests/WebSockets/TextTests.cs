using System.Text;
using Gateway.TestSupport;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.WebSockets;

/// <summary>Text as UTF-8, RFC 6455 section 8.1: an invalid byte is refused as soon as it comes.</summary>
public sealed class TextTests(EchoServer server) : IClassFixture<EchoServer>
{
    /// <summary>Characters of one, two, three and four bytes, the edges of each, a noncharacter and a zero.</summary>
    private const string Characters = "a\0\u007F\u0080\u07FF\u0800\uD7FF\uE000\uFFFD\uFFFF\U00010000\U0010FFFF κόσμε 水 🌊";

    [Fact]
    public async Task Every_kind_of_character_comes_back()
    {
        await using var client = await server.ConnectAsync();
        await client.SendMessageAsync(Characters);
        await TextAsync(client, Characters);
    }

    [Fact]
    public async Task Characters_may_be_split_anywhere_between_two_fragments()
    {
        await using var client = await server.ConnectAsync();
        byte[] text = Encoding.UTF8.GetBytes(Characters);
        for (int cut = 0; cut <= text.Length; cut++)
        {
            await client.SendAsync(RawWebSocket.Frame(Text, text.AsSpan(0, cut), fin: false));
            await client.SendAsync(RawWebSocket.Frame(Continuation, text.AsSpan(cut)));
            await FrameAsync(client, Text, text);
        }
    }

    [Fact]
    public async Task Characters_may_be_split_into_fragments_of_one_byte()
    {
        await using var client = await server.ConnectAsync();
        byte[] text = Encoding.UTF8.GetBytes(Characters);
        for (int i = 0; i < text.Length; i++)
            await client.SendAsync(RawWebSocket.Frame(i == 0 ? Text : Continuation, [text[i]], fin: i == text.Length - 1));
        await FrameAsync(client, Text, text);
    }

    [Fact]
    public async Task Characters_may_be_split_by_TCP_inside_one_frame()
    {
        await using var client = await server.ConnectAsync();
        await client.SendInPiecesAsync(RawWebSocket.TextFrame(Characters), 1);
        await TextAsync(client, Characters);
    }

    public static TheoryData<string, byte[]> Invalid => new()
    {
        { "a continuation byte alone", [0x80] },
        { "a start byte without its continuation", [0xC3, (byte)'a'] },
        { "overlong, two bytes", [0xC0, 0xAF] },
        { "overlong, three bytes", [0xE0, 0x80, 0xAF] },
        { "overlong, four bytes", [0xF0, 0x80, 0x80, 0xAF] },
        { "a surrogate", [0xED, 0xA0, 0x80] },
        { "beyond U+10FFFF", [0xF4, 0x90, 0x80, 0x80] },
        { "a byte that never occurs", [0xFF] },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public async Task Invalid_text_in_one_frame_is_refused(string what, byte[] bytes)
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.Frame(Text, [.. Encoding.UTF8.GetBytes(what), .. bytes, .. "tail"u8]));
        Assert.Equal("text is not valid UTF-8", await FailureAsync(client, 1007));
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    public async Task Invalid_text_is_refused_before_its_frame_is_complete(string what, byte[] bytes)
    {
        await using var client = await server.ConnectAsync();
        byte[] sent = [.. Encoding.UTF8.GetBytes(what), .. bytes];
        byte[] frame = RawWebSocket.Frame(Text, [.. sent, .. Bytes(10_000)]);
        await client.SendAsync(frame.AsMemory(0, 8 + sent.Length));
        Assert.Equal("text is not valid UTF-8", await FailureAsync(client, 1007));
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    public async Task Invalid_text_is_refused_before_its_message_is_complete(string what, byte[] bytes)
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.TextFrame(what, fin: false));
        await client.SendAsync(RawWebSocket.Frame(Continuation, bytes, fin: false));
        Assert.Equal("text is not valid UTF-8", await FailureAsync(client, 1007));
    }

    [Theory]
    [InlineData(new byte[] { 0xC3 })]
    [InlineData(new byte[] { 0xE6, 0xB0 })]
    [InlineData(new byte[] { 0xF0, 0x9F, 0x8C })]
    public async Task A_message_that_ends_inside_a_character_is_refused(byte[] start)
    {
        await using (var whole = await server.ConnectAsync())
        {
            await whole.SendAsync(RawWebSocket.Frame(Text, start));
            Assert.Equal("text is not valid UTF-8", await FailureAsync(whole, 1007));
        }
        await using var fragmented = await server.ConnectAsync();
        await fragmented.SendAsync(RawWebSocket.Frame(Text, start, fin: false));
        await fragmented.SendAsync(RawWebSocket.Frame(Continuation, []));
        Assert.Equal("text is not valid UTF-8", await FailureAsync(fragmented, 1007));
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    public async Task Binary_messages_may_hold_what_is_no_text(string what, byte[] bytes)
    {
        await using var client = await server.ConnectAsync();
        byte[] payload = [.. Encoding.UTF8.GetBytes(what), .. bytes];
        await client.SendAsync(RawWebSocket.Frame(Binary, bytes, fin: false));
        await client.SendAsync(RawWebSocket.Frame(Continuation, payload));
        await FrameAsync(client, Binary, [.. bytes, .. payload]);
    }
}
