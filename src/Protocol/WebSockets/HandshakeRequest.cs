using Gateway.Protocol.Compression;

namespace Gateway.Protocol.WebSockets;

/// <summary>
/// A well-formed WebSocket upgrade request, with the headers that a decision about it needs and no others. Immutable.
/// </summary>
internal sealed record HandshakeRequest
{
    /// <summary>The path as sent, not percent-decoded: routes are compared byte for byte.</summary>
    public required string Path { get; init; }

    /// <summary>The query as sent, without the question mark. Empty if there is none.</summary>
    public required string Query { get; init; }

    public required string Host { get; init; }

    /// <summary>Sec-WebSocket-Key: the base64 of 16 bytes.</summary>
    public required string Key { get; init; }

    public string? Origin { get; init; }

    public string? Authorization { get; init; }

    public string? Cookie { get; init; }

    /// <summary>
    /// X-Forwarded-For, with several headers joined in order. Anybody can send it, so only a known proxy may be believed.
    /// </summary>
    public string? ForwardedFor { get; init; }

    /// <summary>Sec-WebSocket-Protocol in the client's order of preference. Each is a token, and none comes twice.</summary>
    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    /// <summary>
    /// What could be agreed on of the permessage-deflate that is offered in Sec-WebSocket-Extensions; null without an acceptable offer.
    /// </summary>
    public DeflateAgreement? Deflate { get; init; }

    /// <summary>The first value of a query parameter, decoded. Empty for a bare name, null when absent.</summary>
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

    /// <summary>The path and the host only. The rest may have a token, and text ends up in logs.</summary>
    public override string ToString() => $"GET {Path} for {Host}";

    private static string Decode(ReadOnlySpan<char> text) => Uri.UnescapeDataString(text.ToString().Replace('+', ' '));
}
