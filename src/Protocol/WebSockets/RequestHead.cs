using System.Buffers;

namespace Gateway.Protocol.WebSockets;

/// <summary>
/// Stateless, safe from any thread. Finds where a request head ends, RFC 9112 section 2.1.
/// </summary>
/// <remarks>
/// The end is recognised leniently, a bare LF counting as a line end (RFC 9112 section 2.2 allows it), and the lines are
/// judged strictly afterwards. A client that sends bare LFs thus gets an answer instead of waiting for the deadline, and
/// every verdict is made over a whole head, so that it cannot depend on how the network cut the bytes.
/// </remarks>
internal static class RequestHead
{
    /// <summary>At most the first <paramref name="maxHeadBytes"/> bytes as one span.</summary>
    /// <remarks>Copies only a head that straddles two pipe blocks, which is rare: they are 4 KB, a head is a few hundred bytes.</remarks>
    public static ReadOnlySpan<byte> Peek(in ReadOnlySequence<byte> input, int maxHeadBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxHeadBytes);
        var first = input.FirstSpan;
        if (first.Length >= maxHeadBytes)
            return first[..maxHeadBytes];
        return input.IsSingleSegment ? first : input.Slice(0, Math.Min(input.Length, maxHeadBytes)).ToArray();
    }

    /// <summary>The length of the head with the empty line that ends it; -1 while that line is missing.</summary>
    public static int FindEnd(ReadOnlySpan<byte> bytes)
    {
        var rest = bytes;
        while (TryTakeLine(ref rest, out var line))
        {
            if (line is [] or [(byte)'\r'])
                return bytes.Length - rest.Length;
        }
        return -1;
    }

    /// <summary>Takes what is before the next LF, and the LF, off <paramref name="rest"/>. A CR stays in the line.</summary>
    public static bool TryTakeLine(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> line)
    {
        int end = rest.IndexOf((byte)'\n');
        line = end < 0 ? default : rest[..end];
        rest = rest[(end + 1)..];
        return end >= 0;
    }
}
