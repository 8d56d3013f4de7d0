using System.Buffers;

namespace Gateway.Protocol.WebSockets;

/// <summary>Finds the end of a request head, RFC 9112 section 2.1. Stateless.</summary>
/// <remarks>
/// The end is recognised leniently: a bare LF counts as a line end, as RFC 9112 section 2.2 allows. The lines are checked strictly
/// afterwards. So a client that sends bare LFs gets an answer instead of waiting for the deadline, and every head is checked as a whole,
/// whichever way the network cut it.
/// </remarks>
internal static class RequestHead
{
    /// <summary>Gives at most the first <paramref name="maxHeadBytes"/> bytes as one span.</summary>
    /// <remarks>Only a head in two of a pipe's blocks is copied, which is rare: a block has 4 KB, a head a few hundred bytes.</remarks>
    public static ReadOnlySpan<byte> Peek(in ReadOnlySequence<byte> input, int maxHeadBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxHeadBytes);
        var first = input.FirstSpan;
        if (first.Length >= maxHeadBytes)
            return first[..maxHeadBytes];
        return input.IsSingleSegment ? first : input.Slice(0, Math.Min(input.Length, maxHeadBytes)).ToArray();
    }

    /// <summary>The length of the head with the empty line that ends it. -1 while that line is missing.</summary>
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

    /// <summary>Takes a line and its LF off <paramref name="rest"/>. A CR stays in the line.</summary>
    public static bool TryTakeLine(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> line)
    {
        int end = rest.IndexOf((byte)'\n');
        line = end < 0 ? default : rest[..end];
        rest = rest[(end + 1)..];
        return end >= 0;
    }
}
