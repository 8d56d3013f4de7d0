using System.Buffers;
using Gateway.Protocol.WebSockets;
using static Gateway.Protocol.Tests.WebSockets.ClientFrames;

namespace Gateway.Protocol.Tests.WebSockets;

public sealed class FrameReaderViolationTests
{
    private static Received ProtocolError(string reason) => Received.Violation(CloseCode.ProtocolError, reason);

    /// <summary>The shortest input that breaks the rule does so, however cut; without its last byte nothing is wrong yet.</summary>
    private static void IsFoundAtTheLastByte(int limit, byte[] input, Received violation, params Received[] before)
    {
        Reading.Yields(limit, input, [.. before, violation]);
        Reading.Yields(limit, [.. input, .. Text("never read")], [.. before, violation]);
        Assert.Equal(before, Reading.Read(limit, [[input[..^1]]]));
    }

    private static void IsFoundAtTheLastByte(byte[] input, Received violation, params Received[] before) =>
        IsFoundAtTheLastByte(Reading.Limit, input, violation, before);

    [Theory]
    [InlineData(0xC1)]
    [InlineData(0xA1)]
    [InlineData(0x91)]
    [InlineData(0xF2)]
    [InlineData(0xC9)]
    public void Reserved_bits_are_refused_at_the_first_byte(byte first) =>
        IsFoundAtTheLastByte([first], ProtocolError("reserved bits are set without an extension"));

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
    public void Reserved_opcodes_are_refused_at_the_first_byte(byte opcode)
    {
        IsFoundAtTheLastByte([(byte)(0x80 | opcode)], ProtocolError("reserved opcode"));
        IsFoundAtTheLastByte([opcode], ProtocolError("reserved opcode"));
    }

    [Theory]
    [InlineData(0x81, 0x05)]
    [InlineData(0x82, 0x00)]
    [InlineData(0x01, 0x7E)]
    [InlineData(0x89, 0x00)]
    [InlineData(0x88, 0x02)]
    public void An_unmasked_frame_is_refused_at_the_second_byte(byte first, byte second) =>
        IsFoundAtTheLastByte([first, second], ProtocolError("client frame is not masked"));

    [Theory]
    [InlineData(0x08)]
    [InlineData(0x09)]
    [InlineData(0x0A)]
    public void A_fragmented_control_frame_is_refused_at_the_first_byte(byte first) =>
        IsFoundAtTheLastByte([first], ProtocolError("control frame is fragmented"));

    [Theory]
    [InlineData(0x88, 126)]
    [InlineData(0x89, 126)]
    [InlineData(0x8A, 127)]
    public void A_long_control_frame_is_refused_at_the_second_byte(byte first, byte length) =>
        IsFoundAtTheLastByte([first, (byte)(0x80 | length)], ProtocolError("control frame exceeds 125 bytes"));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    public void A_short_length_in_16_bits_is_refused(int length) =>
        IsFoundAtTheLastByte([0x82, 0xFE, .. Length(length, 2)], ProtocolError("payload length is not minimally encoded"));

    [Theory]
    [InlineData(0)]
    [InlineData(126)]
    [InlineData(65535)]
    public void A_short_length_in_64_bits_is_refused(int length) =>
        IsFoundAtTheLastByte([0x82, 0xFF, .. Length(length, 8)], ProtocolError("payload length is not minimally encoded"));

    [Fact]
    public void A_length_with_the_top_bit_is_refused_at_that_byte() =>
        IsFoundAtTheLastByte([0x82, 0xFF, 0x80], ProtocolError("payload length has its top bit set"));

    [Theory]
    [InlineData(0x80)]
    [InlineData(0x00)]
    public void A_continuation_of_nothing_is_refused_at_the_first_byte(byte first)
    {
        Received violation = ProtocolError("continuation frame without a message to continue");
        IsFoundAtTheLastByte([first], violation);
        IsFoundAtTheLastByte([.. Text("whole"), first], violation, Received.Text("whole"));
        IsFoundAtTheLastByte(
            [.. Text("a", final: false), .. Continuation("b"u8.ToArray()), first], violation, Received.Text("ab"));
    }

    [Theory]
    [InlineData(0x81)]
    [InlineData(0x01)]
    [InlineData(0x82)]
    [InlineData(0x02)]
    public void A_new_message_inside_a_fragmented_one_is_refused_at_the_first_byte(byte first)
    {
        Received violation = ProtocolError("new message inside a fragmented message");
        IsFoundAtTheLastByte([.. Text("", final: false), first], violation);
        IsFoundAtTheLastByte([.. Binary([1], final: false), .. Ping([9]), first], violation, Received.Of(FrameKind.Ping, [9]));
    }

    [Fact]
    public void Half_a_close_code_is_refused() =>
        IsFoundAtTheLastByte(Close([3]), ProtocolError("close frame has half a close code"));

    [Theory]
    [InlineData(0)]
    [InlineData(999)]
    [InlineData(1004)]
    [InlineData(1005)]
    [InlineData(1006)]
    [InlineData(1015)]
    [InlineData(1016)]
    [InlineData(2999)]
    [InlineData(5000)]
    [InlineData(65535)]
    public void An_illegal_close_code_is_refused(int code) =>
        IsFoundAtTheLastByte(Close(code), ProtocolError("close code is not allowed in a frame"));

    [Fact]
    public void A_close_reason_that_is_not_UTF8_is_refused()
    {
        Received violation = Received.Violation(CloseCode.InvalidPayload, "close reason is not valid UTF-8");
        IsFoundAtTheLastByte(Close([.. BigEndian(1000), 0xFF]), violation);
        IsFoundAtTheLastByte(Close([.. BigEndian(1000), (byte)'a', 0xE2, 0x82]), violation);
    }

    [Theory]
    [InlineData(100, 101)]
    [InlineData(100, 200)]
    [InlineData(100, 70_000)]
    [InlineData(65_536, 65_537)]
    [InlineData(65_536, long.MaxValue)]
    public void A_message_over_the_limit_is_refused_by_its_length(int limit, long length) =>
        IsFoundAtTheLastByte(
            limit, Header(Opcode.Binary, length)[..^Key.Length],
            Received.Violation(CloseCode.MessageTooBig, $"message exceeds {limit} bytes"));

    [Theory]
    [InlineData(1)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65_536)]
    public void A_message_of_exactly_the_limit_is_read(int limit) =>
        Reading.Yields(limit, Binary(Bytes(limit)), Received.Of(FrameKind.Binary, Bytes(limit)));

    [Fact]
    public void The_limit_holds_for_the_sum_of_the_fragments()
    {
        byte[] half = Bytes(50);
        byte[] start = [.. Binary(half, final: false), .. Ping(half)];
        Received ping = Received.Of(FrameKind.Ping, half);

        Reading.Yields(100, [.. start, .. Continuation(half)], ping, Received.Of(FrameKind.Binary, [.. half, .. half]));
        IsFoundAtTheLastByte(
            100, [.. start, .. Header(Opcode.Continuation, 51)[..2]],
            Received.Violation(CloseCode.MessageTooBig, "message exceeds 100 bytes"), ping);
    }

    [Fact]
    public void The_limit_starts_anew_with_each_message() =>
        Reading.Yields(
            10, [.. Binary(Bytes(6), final: false), .. Continuation(Bytes(4)), .. Binary(Bytes(10))],
            Received.Of(FrameKind.Binary, [.. Bytes(6), .. Bytes(4)]), Received.Of(FrameKind.Binary, Bytes(10)));

    [Fact]
    public void Control_frames_are_not_held_to_the_message_limit() =>
        Reading.Yields(10, Ping(Bytes(125)), Received.Of(FrameKind.Ping, Bytes(125)));

    [Fact]
    public void After_a_violation_everything_is_discarded() => EverythingIsDiscardedAfter([0xFF], FrameKind.Violation);

    [Fact]
    public void After_a_close_everything_is_discarded() => EverythingIsDiscardedAfter(Close(1000), FrameKind.Close);

    [Fact]
    public void The_rest_of_a_message_that_was_too_big_is_passed_over_to_its_end_wherever_it_is_cut()
    {
        byte[][] wholes =
        [
            Binary(Bytes(300)),
            [.. Text(Bytes(300), final: false), .. Ping(Bytes(5)), .. Continuation(Bytes(0), final: false), .. Continuation([0xFF])],
            [.. Binary(Bytes(60), final: false), .. Continuation(Bytes(60), final: false), .. Pong([]), .. Continuation(Bytes(700))],
            Compressed(Opcode.Binary, Bytes(300)),
            [.. Compressed(Opcode.Text, Bytes(300), final: false), .. Ping(Bytes(5)), .. Continuation(Bytes(60))],
            [.. Compressed(Opcode.Binary, Bytes(60), final: false), .. Continuation(Bytes(60), final: false), .. Continuation(Bytes(700))],
        ];
        foreach (byte[] whole in wholes)
        {
            for (int at = 1; at < whole.Length; at++)
            {
                var reader = new FrameReader(100, allowsCompression: true);
                bool isRefused = false;
                foreach (byte[] part in new[] { whole[..at], whole[at..^1] })
                {
                    // In two segments too.
                    var input = Segments.Of([.. part.Take(part.Length / 2)], [.. part.Skip(part.Length / 2)]);
                    while (reader.Read(ref input) is { Kind: not FrameKind.NeedMoreData } frame)
                        isRefused |= frame.Kind == FrameKind.Violation;
                    Assert.True(input.IsEmpty);
                }
                Assert.Equal((true, true, true), (isRefused, reader.HasEnded, reader.IsPassingOver));

                var last = new ReadOnlySequence<byte>([whole[^1], .. Ping([])]);
                Assert.Equal(FrameKind.NeedMoreData, reader.Read(ref last).Kind);
                Assert.Equal((true, true, false), (last.IsEmpty, reader.HasEnded, reader.IsPassingOver));
            }
        }
    }

    [Fact]
    public void A_close_frame_or_what_is_no_frame_ends_the_passing_over()
    {
        foreach (byte[] end in new[] { Close(1009), [0xFF], Text("a new message inside the old") })
        {
            var reader = new FrameReader(100);
            var input = new ReadOnlySequence<byte>(Binary(Bytes(300), final: false));
            Assert.Equal(FrameKind.Violation, reader.Read(ref input).Kind);
            Assert.Equal((true, true), (input.IsEmpty, reader.IsPassingOver));
            input = new ReadOnlySequence<byte>(end);
            Assert.Equal(FrameKind.NeedMoreData, reader.Read(ref input).Kind);
            Assert.Equal((true, true, false), (input.IsEmpty, reader.HasEnded, reader.IsPassingOver));
        }
    }

    [Fact]
    public void A_bad_close_frame_is_told_from_other_violations()
    {
        (byte[] Bytes, bool IsClose)[] frames =
        [
            (Close(1000), true), (Close(1006), true), (Close([3]), true), (Close([3, 0xE8, 0xFF]), true), ([0xFF], false),
            (Ping([]), false),
        ];
        foreach (var (bytes, isClose) in frames)
        {
            var reader = new FrameReader(100);
            var input = new ReadOnlySequence<byte>(bytes);
            Assert.Equal(isClose, reader.Read(ref input).IsClose);
        }
    }

    private static void EverythingIsDiscardedAfter(byte[] last, FrameKind kind)
    {
        var reader = new FrameReader(Reading.Limit);
        var input = new ReadOnlySequence<byte>([.. last, .. Text("same input")]);
        Assert.Equal(kind, reader.Read(ref input).Kind);
        Assert.True(input.IsEmpty);

        input = new ReadOnlySequence<byte>(Text("later input"));
        Assert.Equal(FrameKind.NeedMoreData, reader.Read(ref input).Kind);
        Assert.True(input.IsEmpty);
    }
}
