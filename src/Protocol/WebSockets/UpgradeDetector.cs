using System.Buffers;
using System.Text;

namespace Gateway.Protocol.WebSockets;

/// <summary>
/// Tells WebSocket upgrades for the gateway's own paths from all other requests, by a connection's first bytes, and consumes none of them.
/// Stateless, so any thread may call it.
/// </summary>
internal static class UpgradeDetector
{
    private static ReadOnlySpan<byte> Method => "GET "u8;

    /// <summary>Classifies the bytes received so far. Call it again with more bytes after <see cref="RequestKind.NeedMoreData"/>.</summary>
    /// <param name="input">The connection's bytes from the first one on.</param>
    /// <param name="paths">The gateway's paths, each matched byte for byte and optionally followed by a query.</param>
    /// <param name="maxHeadBytes">
    /// The longest head. A head for one of the paths that reaches this length without an end is an upgrade too: the parser then answers
    /// 431.
    /// </param>
    public static RequestKind Classify(in ReadOnlySequence<byte> input, IReadOnlyList<byte[]> paths, int maxHeadBytes)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var bytes = RequestHead.Peek(input, maxHeadBytes);
        bool full = bytes.Length == maxHeadBytes;
        var target = MatchTarget(bytes, paths);
        if (target == RequestKind.NeedMoreData && full)
            return RequestKind.Other;
        if (target != RequestKind.Upgrade)
            return target;
        int end = RequestHead.FindEnd(bytes);
        if (end < 0)
            return full ? RequestKind.Upgrade : RequestKind.NeedMoreData;
        return NamesWebSocket(bytes[..end]) ? RequestKind.Upgrade : RequestKind.Other;
    }

    private static RequestKind MatchTarget(ReadOnlySpan<byte> bytes, IReadOnlyList<byte[]> paths)
    {
        int compared = Math.Min(bytes.Length, Method.Length);
        if (!bytes[..compared].SequenceEqual(Method[..compared]))
            return RequestKind.Other;
        var target = bytes[compared..];
        bool possible = false;
        for (int i = 0; i < paths.Count; i++)
        {
            ReadOnlySpan<byte> path = paths[i];
            if (target.Length <= path.Length)
                possible |= path.StartsWith(target);
            else if (target.StartsWith(path) && target[path.Length] is (byte)' ' or (byte)'?')
                return RequestKind.Upgrade;
        }
        return possible ? RequestKind.NeedMoreData : RequestKind.Other;
    }

    /// <summary>
    /// Whether a header asks for a WebSocket. The lines are read leniently, so that a client with a malformed upgrade gets the parser's
    /// answer.
    /// </summary>
    private static bool NamesWebSocket(ReadOnlySpan<byte> head)
    {
        while (RequestHead.TryTakeLine(ref head, out var line))
        {
            int colon = line.IndexOf((byte)':');
            if (colon >= 0 &&
                Ascii.EqualsIgnoreCase(line[..colon].Trim(HttpToken.Blanks), "Upgrade"u8) &&
                HttpToken.ListContains(line[(colon + 1)..].TrimEnd((byte)'\r'), "websocket"u8))
            {
                return true;
            }
        }
        return false;
    }
}
