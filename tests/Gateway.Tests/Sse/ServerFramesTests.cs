using System.Buffers;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Dialects.Streams;

namespace Gateway.Tests.Sse;

/// <summary>A reader of server frames: they come out as they went in, wherever TCP split them.</summary>
public sealed class ServerFramesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1_000)]
    [InlineData(65_536)]
    [InlineData(10_000_000)]
    public void Frames_of_all_sizes_in_pieces_of_any(int piece)
    {
        int[] sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 3, 200_000, 0, 5];
        var sent = new ArrayBufferWriter<byte>();
        var payloads = sizes.Select((size, at) => Enumerable.Range(0, size).Select(i => (byte)(i + at)).ToArray()).ToList();
        foreach (byte[] payload in payloads)
            FrameWriter.Write(sent, payload.Length == 3 ? Opcode.Ping : Opcode.Text, payload);

        var frames = default(ServerFrames);
        var received = new List<byte[]>();
        for (int at = 0; at < sent.WrittenCount; at += piece)
        {
            var bytes = sent.WrittenMemory[at..Math.Min(at + piece, sent.WrittenCount)];
            while (frames.TryRead(ref bytes, out var opcode, out var payload))
            {
                Assert.Equal(payload.Length == 3 ? Opcode.Ping : Opcode.Text, opcode);
                received.Add(payload.ToArray());
            }
            Assert.True(bytes.IsEmpty);
        }

        Assert.Equal(payloads.Count, received.Count);
        for (int i = 0; i < payloads.Count; i++)
            Assert.True(payloads[i].AsSpan().SequenceEqual(received[i]));
    }
}
