using System.Buffers;

namespace Gateway.Protocol.Tests.WebSockets;

/// <summary>A sequence of exactly the given segments, as a pipe would hand it out.</summary>
internal static class Segments
{
    public static ReadOnlySequence<byte> Of(params IReadOnlyList<byte[]> parts)
    {
        if (parts.Count == 0)
            return ReadOnlySequence<byte>.Empty;

        var first = new Segment(parts[0], 0);
        Segment last = first;
        foreach (byte[] part in parts.Skip(1))
            last = last.Append(part);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] bytes, long start)
        {
            Memory = bytes;
            RunningIndex = start;
        }

        public Segment Append(byte[] bytes)
        {
            var next = new Segment(bytes, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
