namespace Gateway.Protocol.WebSockets;

/// <summary>
/// Immutable, safe from any thread. A well-formed WebSocket upgrade request: what deciding about it takes, and no other header.
/// </summary>
public sealed record UpgradeRequest
{
    /// <summary>As sent, not percent-decoded: routes are compared byte for byte.</summary>
    public required string Path { get; init; }

    /// <summary>As sent, without the question mark; empty if there is none.</summary>
    public required string Query { get; init; }

    public required string Host { get; init; }

    /// <summary>Sec-WebSocket-Key: the base64 of 16 bytes.</summary>
    public required string Key { get; init; }

    public string? Origin { get; init; }

    public string? Authorization { get; init; }

    public string? Cookie { get; init; }

    /// <summary>X-Forwarded-For, several headers joined in order. Anybody can send it: trust it only from a known proxy.</summary>
    public string? ForwardedFor { get; init; }

    /// <summary>Sec-WebSocket-Protocol in the client's order of preference; every one a token, none twice.</summary>
    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    /// <summary>The first value of a query parameter, decoded; empty for a bare name, null when absent.</summary>
    /// <remarks>A plus is a blank, as URLSearchParams writes it and as ASP.NET Core reads it on the same port.</remarks>
    public string? QueryValue(string name)
    {
        var query = Query.AsSpan();
        foreach (var range in query.Split('&'))
        {
            var pair = query[range];
            int equals = pair.IndexOf('=');
            if (equals < 0)
                equals = pair.Length;
            if (Decode(pair[..equals]) == name)
                return Decode(pair[Math.Min(equals + 1, pair.Length)..]);
        }
        return null;
    }

    /// <summary>Path and host only. The rest can carry a token, and what prints ends up in a log.</summary>
    public override string ToString() => $"GET {Path} for {Host}";

    private static string Decode(ReadOnlySpan<char> text) => Uri.UnescapeDataString(text.ToString().Replace('+', ' '));
}
