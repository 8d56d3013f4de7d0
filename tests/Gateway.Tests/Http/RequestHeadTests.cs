using System.Text;
using Gateway.Tests.WebSockets;
using Gateway.TestSupport;
using static Gateway.Tests.Http.HttpRequests;

namespace Gateway.Tests.Http;

/// <summary>Request heads in any pieces, together with the bytes behind them, and up to 8 KiB long.</summary>
public sealed class RequestHeadTests(SharedPort port) : IClassFixture<SharedPort>
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public async Task A_plain_request_in_small_pieces_is_answered(int piece)
    {
        await using var client = await port.ConnectAsync();
        await client.SendInPiecesAsync(Encoding.ASCII.GetBytes(Get("/health/live")), piece);
        Assert.Equal("live", (await client.ReadReplyAsync()).Json("status"));
    }

    [Theory]
    [InlineData("/ws", 1)]
    [InlineData("/echo", 1)]
    [InlineData("/ws?token=x", 3)]
    public async Task A_plain_request_to_a_WebSocket_path_in_small_pieces_is_answered(string path, int piece)
    {
        await using var client = await port.ConnectAsync();
        await client.SendInPiecesAsync(Encoding.ASCII.GetBytes(Get(path)), piece);
        Assert.Equal(426, (await client.ReadReplyAsync()).Status);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public async Task An_upgrade_in_small_pieces_is_accepted(int piece)
    {
        await using var client = await port.ConnectAsync();
        byte[] sent = [.. Encoding.ASCII.GetBytes(RawWebSocket.UpgradeRequest("/echo")), .. RawWebSocket.TextFrame("hello")];
        await client.SendInPiecesAsync(sent, piece);
        Assert.Equal(101, (await client.ReadReplyAsync()).Status);
        await Expect.TextAsync(client, "hello");
    }

    [Fact]
    public async Task Frames_in_the_same_packet_as_the_upgrade_request_are_handled()
    {
        await using var client = await port.ConnectAsync();
        byte[] request = Encoding.ASCII.GetBytes(RawWebSocket.UpgradeRequest("/echo"));
        await client.SendAsync(
            (byte[])[
                .. request, .. RawWebSocket.TextFrame("a"), .. RawWebSocket.Frame(Expect.Ping, "b"u8), .. RawWebSocket.CloseFrame(1000)]);
        Assert.Equal(101, (await client.ReadReplyAsync()).Status);
        await Expect.TextAsync(client, "a");
        await Expect.FrameAsync(client, Expect.Pong, "b"u8.ToArray());
        Assert.Equal(1000, (await Expect.FrameAsync(client, Expect.Close)).CloseCode);
        await Expect.EndOfStreamAsync(client);
    }

    [Fact]
    public async Task A_message_in_the_same_packet_as_the_upgrade_request_comes_after_connected()
    {
        await using var client = await port.ConnectAsync();
        await client.SendAsync(
            (byte[])[.. Encoding.ASCII.GetBytes(RawWebSocket.UpgradeRequest("/ws")), .. RawWebSocket.TextFrame("""{"type":"ping"}""")]);
        Assert.Equal(101, (await client.ReadReplyAsync()).Status);
        Assert.Contains("\"connected\"", (await Expect.FrameAsync(client, Expect.Text)).Text, StringComparison.Ordinal);
        Assert.Contains("\"pong\"", (await Expect.FrameAsync(client, Expect.Text)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Frames_larger_than_a_head_in_the_same_packet_as_the_upgrade_request_are_handled()
    {
        await using var client = await port.ConnectAsync();
        byte[] payload = Expect.Bytes(60_000);
        await client.SendAsync(
            (byte[])[.. Encoding.ASCII.GetBytes(RawWebSocket.UpgradeRequest("/echo")), .. RawWebSocket.Frame(Expect.Binary, payload)]);
        Assert.Equal(101, (await client.ReadReplyAsync()).Status);
        await Expect.FrameAsync(client, Expect.Binary, payload);
    }

    [Fact]
    public async Task A_violation_in_the_same_packet_as_the_upgrade_request_is_answered_behind_the_acceptance()
    {
        await using var client = await port.ConnectAsync();
        await client.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(RawWebSocket.UpgradeRequest("/echo")), 0x83]);
        Assert.Equal(101, (await client.ReadReplyAsync()).Status);
        await Expect.FailureAsync(client, 1002);
    }

    [Fact]
    public async Task An_upgrade_with_a_head_of_exactly_8_KiB_is_accepted()
    {
        await using var client = await port.ConnectAsync();
        await client.SendTextAsync(UpgradeOfSize(8192));
        Assert.Equal(101, (await client.ReadReplyAsync()).Status);
        await client.SendMessageAsync("hello");
        await Expect.TextAsync(client, "hello");
    }

    [Theory]
    [InlineData(8193)]
    [InlineData(9000)]
    [InlineData(60_000)]
    public async Task An_upgrade_with_a_longer_head_is_431_naming_the_limit(int bytes)
    {
        var reply = await port.AskOnceAsync(UpgradeOfSize(bytes));
        Assert.Equal((431, "the request head has more than 8192 bytes"), (reply.Status, reply.Json("message")));
    }

    [Fact]
    public async Task An_upgrade_with_a_head_that_never_ends_is_431()
    {
        await using var client = await port.ConnectAsync();
        string begun = UpgradeOfSize(20_000)[..8192];
        await client.SendInPiecesAsync(Encoding.ASCII.GetBytes(begun), 512);
        Assert.Equal(431, (await client.ReadReplyAsync()).Status);
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/unknown")]
    public async Task A_plain_request_with_a_head_over_8_KiB_is_431(string path)
    {
        await using var client = await port.ConnectAsync();
        await client.SendTextAsync(Get(path, "X-Long: " + new string('x', 9000)));
        Assert.Equal(431, (await client.ReadReplyAsync()).Status);
    }

    [Theory]
    [InlineData(100, 101)]
    [InlineData(101, 431)]
    public async Task An_upgrade_may_have_a_hundred_headers(int count, int status)
    {
        await using var client = await port.ConnectAsync();
        await client.SendTextAsync(RawWebSocket.UpgradeRequest("/echo", [.. Enumerable.Range(0, count - 5).Select(i => $"X-{i}: y")]));
        Assert.Equal(status, (await client.ReadReplyAsync()).Status);
    }

    private static string UpgradeOfSize(int bytes)
    {
        int room = bytes - RawWebSocket.UpgradeRequest("/echo", "X-Long: ").Length;
        return RawWebSocket.UpgradeRequest("/echo", "X-Long: " + new string('x', room));
    }
}
