using System.Buffers;
using System.Runtime.CompilerServices;
using Gateway.Protocol.WebSockets;
using static Gateway.Protocol.Tests.WebSockets.ClientFrames;

namespace Gateway.Protocol.Tests.WebSockets;

public sealed class FrameReaderMemoryTests
{
    private static FrameKind Feed(ref FrameReader reader, byte[] bytes)
    {
        var input = new ReadOnlySequence<byte>((byte[])bytes.Clone());
        return reader.Read(ref input).Kind;
    }

    [Fact]
    public void The_reader_is_small_enough_to_sit_in_every_connection() =>
        Assert.InRange(Unsafe.SizeOf<FrameReader>(), 1, 72);

    [Fact]
    public void Half_a_header_holds_no_memory()
    {
        byte[] header = Header(Opcode.Binary, 70_000);
        for (int length = 0; length < header.Length; length++)
        {
            var reader = new FrameReader(Reading.Limit);
            Assert.Equal(FrameKind.NeedMoreData, Feed(ref reader, header[..length]));
            Assert.Equal(0, reader.BufferedBytes);
        }
    }

    [Fact]
    public void An_announced_length_costs_nothing_until_bytes_arrive()
    {
        var reader = new FrameReader(Reading.Limit);
        Feed(ref reader, Header(Opcode.Binary, 1_000_000));
        Assert.Equal(0, reader.BufferedBytes);

        Feed(ref reader, Bytes(100));
        Assert.InRange(reader.BufferedBytes, 100, 256);
        reader.Dispose();
    }

    [Fact]
    public void The_buffer_grows_with_what_arrived_and_not_past_the_limit()
    {
        const int Limit = 65_536;
        var reader = new FrameReader(Limit);
        Feed(ref reader, Header(Opcode.Binary, Limit));
        for (int arrived = 1000; arrived < Limit; arrived += 1000)
        {
            Feed(ref reader, Bytes(1000));
            // Twice for the doubling, and once more because the pool rounds up to a power of two.
            Assert.InRange(reader.BufferedBytes, arrived, Math.Min(4 * arrived, Limit));
        }

        reader.Dispose();
    }

    [Fact]
    public void A_message_gathered_from_parts_is_held_until_the_next_read()
    {
        var reader = new FrameReader(Reading.Limit);
        byte[] frame = Binary(Bytes(500));
        Feed(ref reader, frame[..300]);
        var input = new ReadOnlySequence<byte>(frame[300..]);

        ReceivedFrame message = reader.Read(ref input);
        Assert.Equal(Bytes(500), message.Payload.ToArray());
        Assert.True(reader.BufferedBytes >= 500);

        Assert.Equal(FrameKind.NeedMoreData, reader.Read(ref input).Kind);
        Assert.Equal(0, reader.BufferedBytes);
    }

    [Fact]
    public void A_control_payload_in_parts_is_held_until_the_next_read()
    {
        var reader = new FrameReader(Reading.Limit);
        byte[] frame = Ping(Bytes(100));
        Feed(ref reader, frame[..50]);
        Assert.InRange(reader.BufferedBytes, 44, 128);

        Assert.Equal(FrameKind.Ping, Feed(ref reader, frame[50..]));
        Assert.NotEqual(0, reader.BufferedBytes);

        Feed(ref reader, []);
        Assert.Equal(0, reader.BufferedBytes);
    }

    [Fact]
    public void A_control_frame_between_fragments_leaves_the_gathered_bytes_alone()
    {
        var reader = new FrameReader(Reading.Limit);
        Feed(ref reader, Binary(Bytes(100), final: false));
        int held = reader.BufferedBytes;
        byte[] ping = Ping(Bytes(20));
        Feed(ref reader, ping[..10]);
        Assert.True(reader.BufferedBytes > held);

        Assert.Equal(FrameKind.Ping, Feed(ref reader, ping[10..]));
        Assert.Equal(FrameKind.NeedMoreData, Feed(ref reader, []));
        Assert.Equal(held, reader.BufferedBytes);
        reader.Dispose();
    }

    [Fact]
    public void Disposing_gives_everything_back_and_may_happen_twice()
    {
        var reader = new FrameReader(Reading.Limit);
        Feed(ref reader, Binary(Bytes(100), final: false));
        Feed(ref reader, Ping(Bytes(20))[..10]);
        Assert.NotEqual(0, reader.BufferedBytes);

        reader.Dispose();
        reader.Dispose();

        Assert.Equal(0, reader.BufferedBytes);
        Assert.Equal(FrameKind.NeedMoreData, Feed(ref reader, Text("late")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(64)]
    [InlineData(int.MaxValue)]
    public void Nothing_is_allocated_in_steady_state(int segmentBytes)
    {
        byte[] bytes =
        [
            .. Text(new string('x', 120)), .. Ping([1, 2, 3]),
            .. Text("ä", final: false), .. Pong([]), .. Continuation(new byte[100]),
        ];
        byte[] scratch = new byte[bytes.Length];
        var reader = new FrameReader(Reading.Limit);
        Assert.Equal(4000, Rounds(ref reader, 1000)); // the pool fills, the code is compiled

        // A collection that another test causes may empty the pool in the middle of one attempt, hardly of three.
        long allocated = long.MaxValue;
        for (int attempt = 0; attempt < 3 && allocated > 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            int frames = Rounds(ref reader, 1000);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Equal(4000, frames);
        }

        Assert.Equal(0, allocated);

        int Rounds(ref FrameReader reader, int count)
        {
            int frames = 0;
            for (int i = 0; i < count; i++)
            {
                bytes.CopyTo(scratch, 0);
                for (int at = 0; at < scratch.Length; at += Math.Min(segmentBytes, scratch.Length - at))
                {
                    var input = new ReadOnlySequence<byte>(scratch, at, Math.Min(segmentBytes, scratch.Length - at));
                    while (reader.Read(ref input).Kind != FrameKind.NeedMoreData)
                        frames++;
                }
            }

            return frames;
        }
    }
}
