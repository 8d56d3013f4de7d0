namespace Gateway.Protocol.WebSockets;

/// <summary>
/// The request line of an upgrade, RFC 9112 section 3. Lives on the stack of one call, over the caller's bytes.
/// </summary>
internal readonly ref struct RequestLine
{
    private RequestLine(ReadOnlySpan<byte> path, ReadOnlySpan<byte> query)
    {
        Path = path;
        Query = query;
    }

    public ReadOnlySpan<byte> Path { get; }

    /// <summary>The query without the question mark.</summary>
    public ReadOnlySpan<byte> Query { get; }

    /// <summary>Reads a line, which is without its line end.</summary>
    /// <returns>The refusal of a malformed line. Null for a well-formed one.</returns>
    public static HandshakeRefusal? TryParse(ReadOnlySpan<byte> text, out RequestLine line)
    {
        line = default;
        if (text.IsEmpty)
            return HandshakeRefusal.EmptyFirstLine;
        if (text.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
            return HandshakeRefusal.RequestLineCharacters;
        if (text.Count((byte)' ') != 2)
            return HandshakeRefusal.RequestLineMalformed;
        int first = text.IndexOf((byte)' ');
        int last = text.LastIndexOf((byte)' ');
        var target = text[(first + 1)..last];
        if (!text[..first].SequenceEqual("GET"u8))
            return HandshakeRefusal.MethodNotGet;
        if (!target.StartsWith((byte)'/'))
            return HandshakeRefusal.TargetNotOriginForm;
        if (target.Contains((byte)'#'))
            return HandshakeRefusal.TargetFragment;
        if (!text[(last + 1)..].SequenceEqual("HTTP/1.1"u8))
            return HandshakeRefusal.HttpVersion;
        int mark = target.IndexOf((byte)'?');
        line = mark < 0 ? new RequestLine(target, default) : new RequestLine(target[..mark], target[(mark + 1)..]);
        return null;
    }
}
