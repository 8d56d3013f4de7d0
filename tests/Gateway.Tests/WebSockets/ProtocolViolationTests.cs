using System.Text;
using Gateway.TestSupport;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.WebSockets;

/// <summary>
/// Violations of RFC 6455 sections 5.1, 5.2, 5.5 and 7.1.7: each is answered with close 1002 and a reason, at the byte that breaks the
/// rule.
/// </summary>
public sealed class ProtocolViolationTests(EchoServer server) : IClassFixture<EchoServer>
{
    private async Task IsRefusedAsync(byte[] sent, string reason)
    {
        await using (var client = await server.ConnectAsync())
        {
            await client.SendAsync(sent);
            Assert.Equal(reason, await FailureAsync(client, 1002));
        }
        await using var withFrames = await server.ConnectAsync();
        await withFrames.SendAsync((byte[])[.. RawWebSocket.TextFrame("before"), .. sent, .. RawWebSocket.TextFrame("after")]);
        await TextAsync(withFrames, "before");
        Assert.Equal(reason, await FailureAsync(withFrames, 1002));
    }

    [Theory]
    [InlineData(4, Text)]
    [InlineData(2, Text)]
    [InlineData(1, Text)]
    [InlineData(7, Binary)]
    [InlineData(4, Close)]
    [InlineData(2, Ping)]
    [InlineData(1, Pong)]
    public Task Reserved_bits(int rsv, int opcode) =>
        IsRefusedAsync([(byte)(0x80 | (rsv << 4) | opcode)], "reserved bits are set without an extension");

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(15)]
    public Task Reserved_opcodes(int opcode) => IsRefusedAsync([(byte)(0x80 | opcode)], "reserved opcode");

    [Theory]
    [InlineData(Text)]
    [InlineData(Binary)]
    [InlineData(Close)]
    [InlineData(Ping)]
    [InlineData(Pong)]
    public Task Unmasked_frames(int opcode) => IsRefusedAsync([(byte)(0x80 | opcode), 2, 0x03, 0xE8], "client frame is not masked");

    [Theory]
    [InlineData(Close)]
    [InlineData(Ping)]
    [InlineData(Pong)]
    public Task Fragmented_control_frames(int opcode) =>
        IsRefusedAsync(RawWebSocket.Frame(opcode, [], fin: false), "control frame is fragmented");

    [Theory]
    [InlineData(Close, 126)]
    [InlineData(Ping, 126)]
    [InlineData(Ping, 127)]
    [InlineData(Pong, 126)]
    public Task Control_frames_over_125_bytes(int opcode, int length) =>
        IsRefusedAsync([(byte)(0x80 | opcode), (byte)(0x80 | length)], "control frame exceeds 125 bytes");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    public Task Lengths_in_16_bits_that_fit_in_7(int length) =>
        IsRefusedAsync([0x82, 0xFE, 0, (byte)length], "payload length is not minimally encoded");

    [Theory]
    [InlineData(0)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65_535)]
    public Task Lengths_in_64_bits_that_fit_in_16(int length) =>
        IsRefusedAsync([0x82, 0xFF, 0, 0, 0, 0, 0, 0, (byte)(length >> 8), (byte)length], "payload length is not minimally encoded");

    [Theory]
    [InlineData(0x80)]
    [InlineData(0xFF)]
    public Task Lengths_with_their_top_bit_set(byte top) =>
        IsRefusedAsync([0x82, 0xFF, top], "payload length has its top bit set");

    [Fact]
    public async Task Frames_behind_a_violation_are_not_answered()
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync((byte[])[0x83, 0x80, 0, 0, 0, 0, .. RawWebSocket.Frame(Ping, "no"u8), .. RawWebSocket.TextFrame("no")]);
        await FailureAsync(client, 1002);
    }

    [Fact]
    public async Task A_client_that_goes_on_sending_after_a_violation_still_gets_the_close_frame()
    {
        await using var client = await server.ConnectAsync();
        byte[] much = new byte[4 << 20];
        much[0] = 0xF0;
        var sending = client.SendAsync(much);
        Assert.Equal(1002, (await FrameAsync(client, Close)).CloseCode);
        await sending;
        client.FinishSending();
        await EndOfStreamAsync(client);
    }

    [Fact]
    public async Task The_server_hangs_up_even_if_the_client_does_not()
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"));
        Assert.Equal(1002, (await FrameAsync(client, Close)).CloseCode);
        await EndOfStreamAsync(client);
    }

    [Fact]
    public async Task The_server_hangs_up_after_the_clients_answer_to_the_close_frame()
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(new byte[] { 0x83 });
        Assert.Equal(1002, (await FrameAsync(client, Close)).CloseCode);
        await client.SendAsync(RawWebSocket.CloseFrame(1002));
        await EndOfStreamAsync(client);
    }
}
