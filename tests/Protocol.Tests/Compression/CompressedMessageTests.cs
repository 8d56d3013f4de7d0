using System.Buffers;
using System.IO.Compression;
using System.Text;
using Gateway.Protocol.Compression;
using Gateway.Protocol.Tests.WebSockets;
using Gateway.Protocol.WebSockets;
using Gateway.TestSupport;
using static Gateway.Protocol.Tests.WebSockets.ClientFrames;

namespace Gateway.Protocol.Tests.Compression;

/// <summary>
/// RFC 7692 sections 6 and 7.2, as a server receives it: compressed messages, however they are cut, and everything wrong with them.
/// </summary>
public sealed class CompressedMessageTests
{
    private static readonly Received Invalid = Received.Violation(CloseCode.InvalidPayload, "message is not valid deflated data");

    private static Received TooBig(int limit) => Received.Violation(CloseCode.MessageTooBig, $"message exceeds {limit} bytes");

    private static Received Misplaced =>
        Received.Violation(CloseCode.ProtocolError, "a control or continuation frame is marked as compressed");

    private static void Inflates(byte[] frames, params Received[] expected) => Reading.InflatesTo(Reading.Limit, frames, expected);

    private static void IsHello(string deflated) =>
        Inflates(Compressed(Opcode.Text, Convert.FromHexString(deflated)), Received.Text("Hello"));

    [Fact]
    public void The_example_of_one_compressed_block() => IsHello("f248cdc9c90700"); // 7.2.3.1

    [Fact]
    public void The_example_in_two_fragments() => Inflates(
        [
            .. Compressed(Opcode.Text, Convert.FromHexString("f248cd"), final: false),
            .. Continuation(Convert.FromHexString("c9c90700")),
        ],
        Received.Text("Hello")); // 7.2.3.1

    [Fact]
    public void The_example_of_a_block_without_compression() => IsHello("000500faff48656c6c6f00"); // 7.2.3.3

    [Fact]
    public void The_example_of_a_final_block() => IsHello("f348cdc9c9070000"); // 7.2.3.4

    [Fact]
    public void The_example_of_two_blocks_in_a_message() => IsHello("f248050000" + "00ffff" + "cac9c90700"); // 7.2.3.5

    [Fact]
    public void The_example_of_an_empty_message() => // 7.2.3.6
        Inflates(Compressed(Opcode.Text, [0x00]), Received.Text(""));

    [Fact]
    public void A_message_of_no_bytes_at_all_is_empty() => Inflates(Compressed(Opcode.Binary, []), Received.Of(FrameKind.Binary, []));

    [Fact]
    public void A_message_that_builds_on_the_one_before_it_is_invalid() => // 7.2.3.2: with context takeover, the second "Hello".
        Inflates(
            [
                .. Compressed(Opcode.Text, Convert.FromHexString("f248cdc9c90700")),
                .. Compressed(Opcode.Text, Convert.FromHexString("f200110000")),
            ],
            Received.Text("Hello"), Invalid);

    [Theory]
    [InlineData(1)]
    [InlineData(300)]
    [InlineData(70_000)]
    [InlineData(1_000_000)]
    public void A_message_of_any_size_comes_back(int bytes)
    {
        byte[] message = Bytes(bytes);
        foreach (var level in new[] { CompressionLevel.Fastest, CompressionLevel.Optimal, CompressionLevel.NoCompression })
            Inflates(Compressed(Opcode.Binary, Deflated.Of(message, level)), Received.Of(FrameKind.Binary, message));
    }

    [Fact]
    public void Compressed_and_plain_messages_may_follow_each_other() => Inflates(
        [.. Compressed(Opcode.Text, Deflated.Of("one")), .. Text("two"), .. Compressed(Opcode.Binary, Deflated.Of([3]))],
        Received.Text("one"), Received.Text("two"), Received.Of(FrameKind.Binary, [3]));

    [Fact]
    public void Control_frames_between_fragments_are_plain_and_given_at_once()
    {
        byte[] deflated = Deflated.Of("between the fragments");
        Inflates(
            [
                .. Compressed(Opcode.Text, deflated[..3], final: false), .. Ping([1]), .. Continuation([], final: false), .. Pong([2]),
                .. Continuation(deflated[3..]),
            ],
            Received.Of(FrameKind.Ping, [1]), Received.Of(FrameKind.Pong, [2]), Received.Text("between the fragments"));
    }

    [Fact]
    public void A_message_may_be_cut_into_fragments_anywhere()
    {
        string text = string.Concat(Enumerable.Range(0, 20).Select(i => $"größe {i}; "));
        byte[] deflated = Deflated.Of(text);
        for (int at = 0; at <= deflated.Length; at++)
        {
            byte[] frames = [.. Compressed(Opcode.Text, deflated[..at], final: false), .. Continuation(deflated[at..])];
            Assert.Equal([Received.Text(text)], Reading.Read(Reading.Limit, [[frames]], allowsCompression: true));
        }
    }

    [Fact]
    public void Without_an_agreement_the_bit_is_a_violation() => Reading.Yields(
        Compressed(Opcode.Text, Deflated.Of("Hello")),
        Received.Violation(CloseCode.ProtocolError, "reserved bits are set without an extension"));

    [Theory]
    [InlineData(0xA1)]
    [InlineData(0x91)]
    [InlineData(0xE1)]
    [InlineData(0xF2)]
    public void The_other_reserved_bits_stay_a_violation(byte first) =>
        Inflates([first], Received.Violation(CloseCode.ProtocolError, "reserved bits are set without an extension"));

    [Theory]
    [InlineData((byte)Opcode.Ping)]
    [InlineData((byte)Opcode.Pong)]
    [InlineData((byte)Opcode.Close)]
    public void A_control_frame_is_never_compressed(byte opcode) => Inflates(Compressed((Opcode)opcode, []), Misplaced);

    [Fact]
    public void A_continuation_is_not_marked_again() =>
        Inflates([.. Compressed(Opcode.Text, [0xF2], final: false), .. Compressed(Opcode.Continuation, [0x48])], Misplaced);

    [Fact]
    public void A_plain_messages_continuation_is_not_marked() =>
        Inflates([.. Text("He", final: false), .. Compressed(Opcode.Continuation, [0x48])], Misplaced);

    [Theory]
    [InlineData("07")] // a block type that is reserved
    [InlineData("ffffff")]
    [InlineData("000500faf048656c6c6f00")] // the length and its complement differ
    [InlineData("f248cdc9c907")] // the end of the block is missing
    [InlineData("f248cdc9")]
    [InlineData("f248cdc9c90700aa")]
    [InlineData("f348cdc9c907")] // a final block without the empty one behind it
    [InlineData("f348cdc9c90700")]
    public void What_is_no_deflated_message_is_invalid(string deflated) =>
        Inflates(Compressed(Opcode.Text, Convert.FromHexString(deflated)), Invalid);

    [Fact]
    public void A_message_that_was_cut_is_invalid_wherever_it_was()
    {
        byte[] whole = Deflated.Of(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 50).Select(i => $"line {i}\n"))));
        for (int length = 1; length < whole.Length - 1; length++)
            Assert.Equal([Invalid], Reading.Read(Reading.Limit, [[Compressed(Opcode.Binary, whole[..length])]], allowsCompression: true));
    }

    [Fact]
    public void Final_blocks_are_allowed_a_few_times()
    {
        byte[] final = [0x03, 0x00];
        Inflates(Compressed(Opcode.Binary, [.. Enumerable.Repeat(final, 16).SelectMany(b => b), 0x00]), Received.Of(FrameKind.Binary, []));
        Inflates(Compressed(Opcode.Binary, [.. Enumerable.Repeat(final, 17).SelectMany(b => b), 0x00]), Invalid);
    }

    [Fact]
    public void Text_is_checked_when_it_is_inflated()
    {
        Inflates(
            Compressed(Opcode.Text, Deflated.Of([0x61, 0xFF])), Received.Violation(CloseCode.InvalidPayload, "text is not valid UTF-8"));
        // What stands on the wire need not be text, not even in fragments.
        Inflates(
            [.. Compressed(Opcode.Text, [0xF2], final: false), .. Continuation(Convert.FromHexString("48cdc9c90700"))],
            Received.Text("Hello"));
    }

    [Fact]
    public void A_message_inflates_to_the_limit_and_not_to_a_byte_more()
    {
        foreach (int limit in new[] { 1, 5, 255, 256, 257, 1024, 4095, 4096, 65_536 })
        {
            Reading.InflatesTo(
                limit, Compressed(Opcode.Binary, Deflated.Of(new byte[limit])), Received.Of(FrameKind.Binary, new byte[limit]));
            Reading.InflatesTo(limit, Compressed(Opcode.Binary, Deflated.Of(new byte[limit + 1])), TooBig(limit));
        }
    }

    [Fact]
    public void A_message_that_does_not_compress_may_be_longer_on_the_wire()
    {
        byte[] random = new byte[4096];
        new Random(1).NextBytes(random);
        foreach (var level in Enum.GetValues<CompressionLevel>())
        {
            byte[] deflated = Deflated.Of(random, level);
            Assert.InRange(deflated.Length, random.Length + 1, Deflater.MaxBytes(random.Length));
            Reading.InflatesTo(random.Length, Compressed(Opcode.Binary, deflated), Received.Of(FrameKind.Binary, random));
            byte[] fragments = [.. Compressed(Opcode.Binary, deflated[..4000], final: false), .. Continuation(deflated[4000..])];
            Reading.InflatesTo(random.Length, fragments, Received.Of(FrameKind.Binary, random));
        }
    }

    [Fact]
    public void A_frame_that_is_longer_than_any_allowed_message_becomes_is_refused_by_its_header() =>
        Reading.InflatesTo(100, Compressed(Opcode.Binary, new byte[Deflater.MaxBytes(100) + 1]), TooBig(100));

    [Fact]
    public void A_bomb_costs_no_more_than_the_limit()
    {
        const int Limit = 65_536;
        byte[] bomb = Compressed(Opcode.Binary, Deflated.Of(new byte[64_000_000]));
        Assert.InRange(bomb.Length, 1, Limit);
        var reader = new FrameReader(Limit, allowsCompression: true);
        var input = new ReadOnlySequence<byte>(bomb);
        long before = GC.GetAllocatedBytesForCurrentThread();

        var frame = reader.Read(ref input);

        Assert.Equal((FrameKind.Violation, CloseCode.MessageTooBig), (frame.Kind, frame.Status.Code));
        // The limit, rounded up to the pool's next array, and what growing to it took.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 6 * Limit);
        Assert.Equal(0, reader.BufferedBytes);
    }

    [Fact]
    public void What_a_message_had_on_the_wire_is_told()
    {
        byte[] deflated = Deflated.Of(new byte[1000]);
        var reader = new FrameReader(Reading.Limit, allowsCompression: true);
        var input = new ReadOnlySequence<byte>(
            [
                .. Compressed(Opcode.Binary, deflated),
                .. Compressed(Opcode.Binary, deflated[..2], final: false), .. Continuation(deflated[2..]),
                .. Binary([1]),
            ]);

        Assert.Equal(deflated.Length, reader.Read(ref input).CompressedBytes);
        Assert.Equal(deflated.Length, reader.Read(ref input).CompressedBytes);
        Assert.Equal(0, reader.Read(ref input).CompressedBytes);
    }

    [Fact]
    public void Nothing_is_held_or_allocated_between_messages()
    {
        byte[] frame = Compressed(Opcode.Text, Deflated.Of(new string('a', 1000)));
        byte[] fragments =
        [
            .. Compressed(Opcode.Text, Deflated.Of(new string('b', 1000))[..5], final: false),
            .. Continuation(Deflated.Of(new string('b', 1000))[5..]),
        ];
        byte[] original = [.. frame, .. fragments], bytes = new byte[original.Length];
        var reader = new FrameReader(Reading.Limit, allowsCompression: true);
        long before = 0;
        for (int i = 0; i < 1000; i++)
        {
            if (i == 100)
                before = GC.GetAllocatedBytesForCurrentThread();
            original.CopyTo(bytes, 0);
            var input = new ReadOnlySequence<byte>(bytes);
            for (int count = 0; count < 2; count++)
            {
                if (reader.Read(ref input).Payload.Length != 1000)
                    Assert.Fail("not read");
            }
            if (reader.Read(ref input).Kind != FrameKind.NeedMoreData)
                Assert.Fail("more than there was");
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, reader.BufferedBytes);
    }
}
