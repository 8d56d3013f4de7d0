using System.Buffers;
using System.Runtime.InteropServices;
using Gateway.Protocol.WebSockets;
using static Gateway.Protocol.Tests.WebSockets.ClientFrames;

namespace Gateway.Protocol.Tests.WebSockets;

public sealed class FrameReaderTests
{
    [Fact]
    public void Reads_the_masked_example_of_the_RFC() =>
        // 5.7: "A single-frame masked text message", contains "Hello".
        Reading.Yields(Convert.FromHexString("818537fa213d7f9f4d5158"), Received.Text("Hello"));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65535)]
    [InlineData(65536)]
    [InlineData(1024 * 1024)]
    public void Reads_a_message_of_any_length_class(int length)
    {
        byte[] payload = Bytes(length);
        Reading.Yields(Binary(payload), Received.Of(FrameKind.Binary, payload));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    public void Reads_pings_and_pongs_of_any_length(int length)
    {
        byte[] payload = Bytes(length);
        Reading.Yields(
            [.. Ping(payload), .. Pong(payload)],
            Received.Of(FrameKind.Ping, payload), Received.Of(FrameKind.Pong, payload));
    }

    [Fact]
    public void Reads_all_messages_of_one_input_in_order() =>
        Reading.Yields(
            [.. Text("one"), .. Binary([2]), .. Ping([3]), .. Text(""), .. Text("five")],
            Received.Text("one"), Received.Of(FrameKind.Binary, [2]), Received.Of(FrameKind.Ping, [3]), Received.Text(""),
            Received.Text("five"));

    [Fact]
    public void Unmasks_each_frame_with_its_own_key() =>
        Reading.Yields(
            [.. Frame(Opcode.Text, "aaaa"u8.ToArray(), key: [0, 0, 0, 0]), .. Frame(Opcode.Text, "bbbbb"u8.ToArray(), key: [1, 2, 3, 4])],
            Received.Text("aaaa"), Received.Text("bbbbb"));

    [Fact]
    public void Joins_fragments_to_one_message() =>
        Reading.Yields(
            [.. Binary(Bytes(10), final: false), .. Continuation(Bytes(300), final: false), .. Continuation(Bytes(7))],
            Received.Of(FrameKind.Binary, [.. Bytes(10), .. Bytes(300), .. Bytes(7)]));

    [Fact]
    public void Joins_empty_fragments() =>
        Reading.Yields(
            [
                .. Text("", final: false), .. Continuation([]),
                .. Text("", final: false), .. Continuation("x"u8.ToArray(), final: false), .. Continuation([]),
            ],
            Received.Text(""), Received.Text("x"));

    [Fact]
    public void Gives_control_frames_between_fragments_at_once() =>
        Reading.Yields(
            [
                .. Text("He", final: false), .. Ping(Bytes(125)), .. Continuation("l"u8.ToArray(), final: false),
                .. Pong([]), .. Continuation("lo"u8.ToArray()),
            ],
            Received.Of(FrameKind.Ping, Bytes(125)), Received.Of(FrameKind.Pong, []), Received.Text("Hello"));

    [Fact]
    public void A_close_between_fragments_abandons_the_message() =>
        Reading.Yields([.. Text("He", final: false), .. Close(1001, "bye"), .. Continuation([])], Received.Close(1001, "bye"));

    [Fact]
    public void Reads_the_next_message_after_a_fragmented_one() =>
        Reading.Yields(
            [
                .. Text("a", final: false), .. Continuation("b"u8.ToArray()), .. Text("c"),
                .. Binary([1], final: false), .. Continuation([2]),
            ],
            Received.Text("ab"), Received.Text("c"), Received.Of(FrameKind.Binary, [1, 2]));

    [Fact]
    public void A_whole_frame_is_handed_out_where_it_lies()
    {
        byte[] bytes = Binary(Bytes(50));
        var reader = new FrameReader(Reading.Limit);
        var input = new ReadOnlySequence<byte>(bytes);

        ReceivedFrame frame = reader.Read(ref input);

        Assert.True(MemoryMarshal.TryGetArray(frame.Payload, out ArraySegment<byte> lent));
        Assert.Same(bytes, lent.Array);
        Assert.Equal(0, reader.BufferedBytes);
    }

    [Fact]
    public void A_frame_whose_header_came_earlier_is_still_handed_out_where_it_lies()
    {
        byte[] frame = Binary(Bytes(50));
        byte[] rest = frame[3..];
        var reader = new FrameReader(Reading.Limit);
        var input = new ReadOnlySequence<byte>(frame[..3]);
        reader.Read(ref input);
        input = new ReadOnlySequence<byte>(rest);

        ReceivedFrame received = reader.Read(ref input);

        Assert.True(MemoryMarshal.TryGetArray(received.Payload, out ArraySegment<byte> lent));
        Assert.Same(rest, lent.Array);
        Assert.Equal(Bytes(50), received.Payload.ToArray());
    }

    [Fact]
    public void Reading_nothing_needs_more_data()
    {
        var reader = new FrameReader(Reading.Limit);
        ReadOnlySequence<byte> input = default;

        Assert.Equal(FrameKind.NeedMoreData, reader.Read(ref input).Kind);
        Assert.True(input.IsEmpty);
    }

    [Fact]
    public void Leaves_the_following_frames_in_the_input()
    {
        byte[] second = Text("two");
        var reader = new FrameReader(Reading.Limit);
        var input = new ReadOnlySequence<byte>([.. Text("one"), .. second]);

        reader.Read(ref input);

        Assert.Equal(second, input.ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Refuses_a_limit_that_lets_nothing_through(int limit) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new FrameReader(limit));
}
