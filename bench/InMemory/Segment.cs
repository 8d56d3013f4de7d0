using System.Buffers;

namespace Gateway.Bench.InMemory;

/// <summary>Memory cut in two, as where a frame crosses the end of a pipe's block. Immutable after construction.</summary>
internal sealed class Segment : ReadOnlySequenceSegment<byte>
{
    private Segment(ReadOnlyMemory<byte> memory) => Memory = memory;

    public static ReadOnlySequence<byte> Split(byte[] bytes, int at)
    {
        var second = new Segment(bytes.AsMemory(at)) { RunningIndex = at };
        var first = new Segment(bytes.AsMemory(0, at)) { Next = second };
        return new ReadOnlySequence<byte>(first, 0, second, bytes.Length - at);
    }
}
