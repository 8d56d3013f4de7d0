using System.Buffers;

namespace Gateway.Protocol.WebSockets;

/// <summary>
/// Reads WebSocket upgrade requests, RFC 6455 section 4.2.1, strictly: a head that two servers could read differently is refused, with a
/// message that names the problem. Stateless, so any thread may call it.
/// </summary>
/// <remarks>
/// The parser decides when the head is complete or has reached its limit, and not before, so the outcome does not depend on how the network
/// cut the bytes.
/// </remarks>
internal static class HandshakeRequestParser
{
    /// <summary>
    /// The longest head unless set: the limit of Apache and nginx for a line, with room for a token of 4 KB. A browser's handshake has 500
    /// bytes.
    /// </summary>
    public const int DefaultMaxHeadBytes = 8192;

    /// <summary>The most headers: Kestrel's and Apache's limit. A browser sends about 15.</summary>
    public const int MaxHeaders = 100;

    /// <summary>Reads the bytes received so far. Call it again with more bytes after <see cref="HandshakeOutcome.NeedMoreData"/>.</summary>
    /// <param name="input">The connection's bytes from the first one on. None of them is kept.</param>
    /// <param name="maxHeadBytes">The longest head, with its final empty line. A longer one is refused with 431.</param>
    /// <param name="request">Set when accepted.</param>
    /// <param name="refusal">Set when refused.</param>
    /// <param name="consumed">The end of the head, where frames begin. The start of the input if the head has not ended.</param>
    public static HandshakeOutcome TryParse(
        in ReadOnlySequence<byte> input,
        int maxHeadBytes,
        out HandshakeRequest? request,
        out HandshakeRefusal? refusal,
        out SequencePosition consumed)
    {
        request = null;
        refusal = null;
        consumed = input.Start;
        var bytes = RequestHead.Peek(input, maxHeadBytes);
        int end = RequestHead.FindEnd(bytes);
        if (end >= 0)
        {
            consumed = input.GetPosition(end);
            refusal = Parse(bytes[..end], out request);
            return refusal is null ? HandshakeOutcome.Accepted : HandshakeOutcome.Refused;
        }
        if (bytes.Length < maxHeadBytes)
            return HandshakeOutcome.NeedMoreData;
        refusal = HandshakeRefusal.HeadTooLarge(maxHeadBytes);
        return HandshakeOutcome.Refused;
    }

    private static HandshakeRefusal? Parse(ReadOnlySpan<byte> head, out HandshakeRequest? request)
    {
        request = null;
        if (TakeLine(ref head, out var text) is { } badEnding)
            return badEnding;
        if (RequestLine.TryParse(text, out var requestLine) is { } badRequestLine)
            return badRequestLine;
        var headers = new HandshakeHeaders();
        for (int count = 1; ; count++)
        {
            if (TakeLine(ref head, out text) is { } badLine)
                return badLine;
            if (text.IsEmpty)
                return headers.Complete(requestLine, out request);
            if (count > MaxHeaders)
                return HandshakeRefusal.TooManyHeaders;
            if (HeaderLine.TryParse(text, out var header) is { } badHeader)
                return badHeader;
            if (headers.Add(header) is { } badField)
                return badField;
        }
    }

    /// <summary>Takes a line. There always is one: the head is complete, and the caller stops at the empty line that ends it.</summary>
    private static HandshakeRefusal? TakeLine(ref ReadOnlySpan<byte> head, out ReadOnlySpan<byte> text)
    {
        RequestHead.TryTakeLine(ref head, out var line);
        bool ended = line.IndexOf((byte)'\r') == line.Length - 1 && !line.IsEmpty;
        text = ended ? line[..^1] : default;
        return ended ? null : HandshakeRefusal.LineEnding;
    }
}
