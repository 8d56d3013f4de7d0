using Gateway.TestSupport;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.WebSockets;

/// <summary>Pings and pongs: RFC 6455 sections 5.5.2 and 5.5.3.</summary>
public sealed class PingPongTests(EchoServer server) : IClassFixture<EchoServer>
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(124)]
    [InlineData(125)]
    public async Task A_ping_is_answered_with_its_payload(int length)
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.Frame(Ping, Bytes(length)));
        await FrameAsync(client, Pong, Bytes(length));
        await StillOpenAsync(client);
    }

    [Fact]
    public async Task A_ping_that_arrives_byte_by_byte_is_answered_with_its_payload()
    {
        await using var client = await server.ConnectAsync();
        await client.SendInPiecesAsync(RawWebSocket.Frame(Ping, Bytes(125)), 1);
        await FrameAsync(client, Pong, Bytes(125));
        await StillOpenAsync(client);
    }

    [Fact]
    public async Task A_ping_may_hold_what_is_no_text()
    {
        await using var client = await server.ConnectAsync();
        byte[] payload = [0x00, 0xFF, 0xFE, 0xC0, 0x80];
        await client.SendAsync(RawWebSocket.Frame(Ping, payload));
        await FrameAsync(client, Pong, payload);
    }

    [Fact]
    public async Task Pings_between_fragments_are_answered_before_the_message_is_complete()
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.TextFrame("frag", fin: false));
        await client.SendAsync(RawWebSocket.Frame(Ping, "one"u8));
        await FrameAsync(client, Pong, "one"u8.ToArray());
        await client.SendAsync(RawWebSocket.Frame(Continuation, "ment"u8, fin: false));
        await client.SendAsync(RawWebSocket.Frame(Ping, "two"u8));
        await FrameAsync(client, Pong, "two"u8.ToArray());
        await client.SendAsync(RawWebSocket.Frame(Continuation, "ed"u8));
        await TextAsync(client, "fragmented");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(125)]
    public async Task An_unsolicited_pong_is_ignored(int length)
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.Frame(Pong, Bytes(length)));
        await StillOpenAsync(client);
    }

    [Theory]
    [InlineData(10, 0)]
    [InlineData(10, 125)]
    [InlineData(1000, 125)]
    public async Task Many_pings_in_one_packet_are_answered_one_by_one_in_order(int count, int padding)
    {
        await using var client = await server.ConnectAsync();
        byte[][] payloads =
            [.. Enumerable.Range(0, count).Select(i => padding == 0 ? Bytes(i) : [.. BitConverter.GetBytes(i), .. Bytes(padding - 4)])];
        await client.SendAsync(payloads.SelectMany(payload => RawWebSocket.Frame(Ping, payload)).ToArray());
        foreach (byte[] payload in payloads)
            await FrameAsync(client, Pong, payload);
        await StillOpenAsync(client);
    }

    [Fact]
    public async Task Pings_and_messages_are_answered_in_the_order_they_were_sent()
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync((byte[])[
            .. RawWebSocket.TextFrame("a"), .. RawWebSocket.Frame(Ping, "b"u8),
            .. RawWebSocket.Frame(Pong, "ignored"u8), .. RawWebSocket.TextFrame("c"), .. RawWebSocket.Frame(Ping, "d"u8)]);
        await TextAsync(client, "a");
        await FrameAsync(client, Pong, "b"u8.ToArray());
        await TextAsync(client, "c");
        await FrameAsync(client, Pong, "d"u8.ToArray());
    }
}
