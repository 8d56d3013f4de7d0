using Gateway.TestSupport;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.WebSockets;

/// <summary>Framing, RFC 6455 section 5.2: every way to write a length and every way TCP can split a frame.</summary>
public sealed class FramingTests(EchoServer server) : IClassFixture<EchoServer>
{
    public static TheoryData<int, int> Lengths => new(
        from opcode in new[] { Text, Binary }
        from length in new[] { 0, 1, 125, 126, 127, 65_535, 65_536 }
        select (opcode, length));

    [Theory]
    [MemberData(nameof(Lengths))]
    public async Task A_message_of_any_length_class_comes_back_byte_for_byte(int opcode, int length)
    {
        await using var client = await server.ConnectAsync();
        byte[] payload = PayloadOf(opcode, length);
        await client.SendAsync(RawWebSocket.Frame(opcode, payload));
        await FrameAsync(client, opcode, payload);
        await StillOpenAsync(client);
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public async Task A_message_whose_header_arrives_byte_by_byte_comes_back(int opcode, int length)
    {
        await using var client = await server.ConnectAsync();
        byte[] payload = PayloadOf(opcode, length);
        byte[] frame = RawWebSocket.Frame(opcode, payload);
        int header = frame.Length - length;
        await client.SendInPiecesAsync(frame.AsMemory(0, header), 1);
        await client.SendAsync(frame.AsMemory(header));
        await FrameAsync(client, opcode, payload);
        await StillOpenAsync(client);
    }

    [Theory]
    [InlineData(Text, 127, 1)]
    [InlineData(Binary, 127, 1)]
    [InlineData(Text, 65_535, 997)]
    [InlineData(Binary, 65_535, 997)]
    [InlineData(Text, 65_536, 1460)]
    [InlineData(Binary, 65_536, 1460)]
    [InlineData(Text, 1_000_003, 4096)]
    [InlineData(Binary, 1_000_003, 4096)]
    public async Task A_message_in_small_TCP_pieces_comes_back(int opcode, int length, int piece)
    {
        await using var client = await server.ConnectAsync();
        byte[] payload = PayloadOf(opcode, length);
        await client.SendInPiecesAsync(RawWebSocket.Frame(opcode, payload), piece);
        await FrameAsync(client, opcode, payload);
        await StillOpenAsync(client);
    }

    [Theory]
    [InlineData(Text, 1 << 20)]
    [InlineData(Binary, 1 << 20)]
    [InlineData(Text, EchoServer.MessageBytes)]
    [InlineData(Binary, EchoServer.MessageBytes)]
    public async Task A_message_as_large_as_the_limit_comes_back(int opcode, int length)
    {
        await using var client = await server.ConnectAsync();
        byte[] payload = PayloadOf(opcode, length);
        await client.SendAsync(RawWebSocket.Frame(opcode, payload));
        await FrameAsync(client, opcode, payload);
        await StillOpenAsync(client);
    }

    [Fact]
    public async Task Many_messages_in_one_packet_come_back_in_order()
    {
        await using var client = await server.ConnectAsync();
        string[] messages = [.. Enumerable.Range(0, 500).Select(i => $"message {i}")];
        await client.SendAsync(messages.SelectMany(message => RawWebSocket.TextFrame(message)).ToArray());
        foreach (string message in messages)
            await TextAsync(client, message);
        await StillOpenAsync(client);
    }

    [Fact]
    public async Task Messages_come_back_wherever_the_bytes_of_two_frames_are_split()
    {
        await using var client = await server.ConnectAsync();
        byte[] first = Bytes(300);
        byte[] second = Bytes(130);
        byte[] both = [.. RawWebSocket.Frame(Binary, first), .. RawWebSocket.Frame(Binary, second)];
        for (int cut = 300; cut < 320; cut++)
        {
            await client.SendAsync(both.AsMemory(0, cut));
            await client.SendAsync(both.AsMemory(cut));
            await FrameAsync(client, Binary, first);
            await FrameAsync(client, Binary, second);
        }
    }

    [Fact]
    public async Task A_client_that_sends_much_before_it_reads_gets_everything_back_in_order()
    {
        await using var client = await server.ConnectAsync();
        byte[] payload = Bytes(100_000);
        // Far more than the kernel's and the server's buffers hold: the server has to stop reading, and to go on later.
        var sending = Task.Run(async () =>
        {
            for (int i = 0; i < 200; i++)
                await client.SendAsync(RawWebSocket.Frame(Binary, payload));
        });
        for (int i = 0; i < 200; i++)
            await FrameAsync(client, Binary, payload);
        await sending;
        await StillOpenAsync(client);
    }

    private static byte[] PayloadOf(int opcode, int length) => opcode == Text ? TextBytes(length) : Bytes(length);
}
