using System.Buffers;

namespace Gateway.Protocol.Tests.WebSockets;

/// <summary>The same bytes cut in every way that a parser has to survive. Stateless.</summary>
internal static class HeadSplits
{
    /// <summary>Whole, at every place into two segments (an empty one included), and one byte per segment.</summary>
    public static IEnumerable<ReadOnlySequence<byte>> Of(byte[] bytes)
    {
        yield return new ReadOnlySequence<byte>(bytes);
        for (int at = 0; at <= bytes.Length; at++) yield return Sequence(bytes[..at], bytes[at..]);
        yield return Sequence([.. bytes.Select(b => new[] { b })]);
    }

    public static ReadOnlySequence<byte> Sequence(params byte[][] segments)
    {
        if (segments.Length == 0) return ReadOnlySequence<byte>.Empty;
        var first = new Segment(segments[0], 0);
        var last = first;
        foreach (byte[] segment in segments.Skip(1)) last = last.Append(segment);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] bytes, long runningIndex)
        {
            Memory = bytes;
            RunningIndex = runningIndex;
        }

        public Segment Append(byte[] bytes)
        {
            var next = new Segment(bytes, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
