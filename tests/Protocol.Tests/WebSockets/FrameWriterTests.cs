using System.Buffers;
using System.Text;
using Gateway.Protocol.WebSockets;
using static Gateway.Protocol.Tests.WebSockets.ClientFrames;

namespace Gateway.Protocol.Tests.WebSockets;

public sealed class FrameWriterTests
{
    private static byte[] Written(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return output.WrittenSpan.ToArray();
    }

    [Theory]
    [InlineData(0, "8200")]
    [InlineData(1, "8201")]
    [InlineData(125, "827D")]
    [InlineData(126, "827E007E")]
    [InlineData(65535, "827EFFFF")]
    [InlineData(65536, "827F0000000000010000")]
    [InlineData(long.MaxValue, "827F7FFFFFFFFFFFFFFF")]
    public void A_header_encodes_its_length_minimally(long length, string hex)
    {
        byte[] expected = Convert.FromHexString(hex);
        byte[] header = new byte[FrameWriter.MaxHeaderBytes];

        Assert.Equal(expected.Length, FrameWriter.HeaderSize(length));
        Assert.Equal(expected.Length, FrameWriter.WriteHeader(header, Opcode.Binary, length));
        Assert.Equal(expected, header[..expected.Length]);
        Assert.Equal(expected, Written(output => FrameWriter.WriteHeader(output, Opcode.Binary, length)));
    }

    [Theory]
    [InlineData((byte)Opcode.Text, 0x81)]
    [InlineData((byte)Opcode.Binary, 0x82)]
    [InlineData((byte)Opcode.Close, 0x88)]
    [InlineData((byte)Opcode.Ping, 0x89)]
    [InlineData((byte)Opcode.Pong, 0x8A)]
    public void A_frame_is_final_unmasked_and_of_its_kind(byte opcode, byte first) =>
        Assert.Equal([first, 2, 7, 8], Written(output => FrameWriter.Write(output, (Opcode)opcode, [7, 8])));

    [Fact]
    public void The_example_of_the_RFC_is_written() =>
        // 5.7: "A single-frame unmasked text message", contains "Hello".
        Assert.Equal(Convert.FromHexString("810548656c6c6f"), Written(output => FrameWriter.Write(output, Opcode.Text, "Hello"u8)));

    [Theory]
    [InlineData(0)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65536)]
    public void A_payload_follows_its_header_over_as_many_blocks_as_it_takes(int length)
    {
        byte[] payload = Bytes(length);
        byte[] header = Written(output => FrameWriter.WriteHeader(output, Opcode.Binary, length));
        var blocks = new SmallBlocks();

        FrameWriter.Write(blocks, Opcode.Binary, payload);

        Assert.Equal([.. header, .. payload], blocks.Written);
        Assert.Equal([.. header, .. payload], Written(output => FrameWriter.Write(output, Opcode.Binary, payload)));
    }

    [Fact]
    public void A_header_fits_a_span_of_exactly_its_size_and_no_less()
    {
        Assert.Equal(4, FrameWriter.WriteHeader(new byte[4], Opcode.Text, 126));
        Assert.Throws<ArgumentOutOfRangeException>(() => FrameWriter.WriteHeader(new byte[3], Opcode.Text, 126));
        Assert.Throws<ArgumentOutOfRangeException>(() => FrameWriter.HeaderSize(-1));
    }

    [Fact]
    public void A_close_carries_code_and_reason() =>
        Assert.Equal(
            [0x88, 9, 0x0F, 0xA8, .. "too sl."u8],
            Written(output => FrameWriter.WriteClose(output, new CloseStatus(CloseCode.SlowConsumer, "too sl."))));

    [Theory]
    [InlineData("")]
    [InlineData("ignored")]
    public void A_close_without_status_is_empty(string reason) =>
        Assert.Equal([0x88, 0], Written(output => FrameWriter.WriteClose(output, new CloseStatus(CloseCode.NoStatus, reason))));

    [Theory]
    [InlineData("x", 122, 123)]
    [InlineData("x", 123, 123)]
    [InlineData("x", 124, 123)]
    [InlineData("ä", 62, 122)]
    [InlineData("€", 42, 123)]
    [InlineData("😀", 31, 120)]
    public void A_reason_is_cut_to_123_bytes_at_a_character(string character, int count, int expectedBytes)
    {
        string reason = string.Concat(Enumerable.Repeat(character, count));
        byte[] kept = Encoding.UTF8.GetBytes(reason)[..Math.Min(expectedBytes, Encoding.UTF8.GetByteCount(reason))];

        byte[] frame = Written(output => FrameWriter.WriteClose(output, new CloseStatus(CloseCode.Normal, reason)));

        Assert.Equal([0x88, (byte)(2 + kept.Length), 0x03, 0xE8, .. kept], frame);
    }

    [Fact]
    public void Half_a_surrogate_in_a_reason_becomes_a_replacement_character() =>
        Assert.Equal(
            [0x88, 6, 0x03, 0xE8, (byte)'a', 0xEF, 0xBF, 0xBD],
            Written(output => FrameWriter.WriteClose(output, new CloseStatus(CloseCode.Normal, "a\uD83D"))));

    [Theory]
    [InlineData(0)]
    [InlineData(1004)]
    [InlineData(1006)]
    [InlineData(1015)]
    [InlineData(5000)]
    public void A_code_that_may_not_be_in_a_frame_is_not_written(int code) =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => FrameWriter.WriteClose(new ArrayBufferWriter<byte>(), new CloseStatus((CloseCode)code, "")));

    [Fact]
    public void Writing_allocates_nothing()
    {
        var output = new ArrayBufferWriter<byte>(1024);
        byte[] payload = Bytes(200);
        var status = new CloseStatus(CloseCode.GoingAway, "restarting");
        WriteAll(1000);

        long before = GC.GetAllocatedBytesForCurrentThread();
        WriteAll(1000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void WriteAll(int rounds)
        {
            for (int i = 0; i < rounds; i++)
            {
                output.ResetWrittenCount();
                FrameWriter.Write(output, Opcode.Text, payload);
                FrameWriter.WriteClose(output, status);
            }
        }
    }

    /// <summary>Hands out blocks of no more than asked for, at least 16 bytes, as a nearly full pipe would.</summary>
    private sealed class SmallBlocks : IBufferWriter<byte>
    {
        private byte[] _block = [];

        public List<byte> Written { get; } = [];

        public void Advance(int count) => Written.AddRange(_block[..count]);

        public Memory<byte> GetMemory(int sizeHint = 0) => _block = new byte[Math.Max(sizeHint, 16)];

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
