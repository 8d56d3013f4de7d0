using System.Buffers;

namespace Gateway.Protocol.WebSockets;

/// <summary>
/// Stateless, safe from any thread. Reads a WebSocket upgrade request, RFC 6455 section 4.2.1, strictly: what two servers
/// could read differently is refused, each kind with its own message.
/// </summary>
/// <remarks>
/// It decides when the head is complete, or has reached its limit, and not before: the outcome is a function of the bytes
/// and never of how they arrived.
/// </remarks>
public static class UpgradeRequestParser
{
    /// <summary>What Apache and nginx allow for a line, and room for a 4 KB token; a browser's handshake takes 500 bytes.</summary>
    public const int DefaultMaxHeadBytes = 8192;

    /// <summary>Kestrel's and Apache's limit; a browser sends about 15.</summary>
    public const int MaxHeaders = 100;

    /// <summary>Judges the bytes received so far; call again with more after <see cref="UpgradeOutcome.NeedMoreData"/>.</summary>
    /// <param name="input">The connection's bytes from the first one on; nothing of them is kept.</param>
    /// <param name="maxHeadBytes">The longest head, with its final empty line; a longer one is refused with 431.</param>
    /// <param name="request">Set when accepted.</param>
    /// <param name="refusal">Set when refused.</param>
    /// <param name="consumed">After the head, where frames begin; the start of the input if the head has not ended.</param>
    public static UpgradeOutcome TryParse(
        in ReadOnlySequence<byte> input,
        int maxHeadBytes,
        out UpgradeRequest? request,
        out UpgradeRefusal? refusal,
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
            return refusal is null ? UpgradeOutcome.Accepted : UpgradeOutcome.Refused;
        }
        if (bytes.Length < maxHeadBytes)
            return UpgradeOutcome.NeedMoreData;
        refusal = UpgradeRefusal.HeadTooLarge(maxHeadBytes);
        return UpgradeOutcome.Refused;
    }

    private static UpgradeRefusal? Parse(ReadOnlySpan<byte> head, out UpgradeRequest? request)
    {
        request = null;
        if (TakeLine(ref head, out var text) is { } badEnding)
            return badEnding;
        if (RequestLine.TryParse(text, out var requestLine) is { } badRequestLine)
            return badRequestLine;
        var headers = new UpgradeHeaders();
        for (int count = 1; ; count++)
        {
            if (TakeLine(ref head, out text) is { } badLine)
                return badLine;
            if (text.IsEmpty)
                return headers.Complete(requestLine, out request);
            if (count > MaxHeaders)
                return UpgradeRefusal.TooManyHeaders;
            if (HeaderLine.TryParse(text, out var header) is { } badHeader)
                return badHeader;
            if (headers.Add(header) is { } badField)
                return badField;
        }
    }

    /// <summary>Always finds a line: the head is complete, and reading stops at the empty line that ends it.</summary>
    private static UpgradeRefusal? TakeLine(ref ReadOnlySpan<byte> head, out ReadOnlySpan<byte> text)
    {
        RequestHead.TryTakeLine(ref head, out var line);
        bool ended = line.IndexOf((byte)'\r') == line.Length - 1 && !line.IsEmpty;
        text = ended ? line[..^1] : default;
        return ended ? null : UpgradeRefusal.LineEnding;
    }
}
