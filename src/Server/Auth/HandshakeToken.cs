using Gateway.Protocol.WebSockets;

namespace Gateway.Server.Auth;

/// <summary>The token of a request, from the first of the places that holds one (docs/protocol.md, "Signing in"). Immutable.</summary>
/// <param name="Text">The token.</param>
/// <param name="IsFromCookie">Whether the browser may have added it without the page's doing.</param>
internal readonly record struct HandshakeToken(string Text, bool IsFromCookie = false)
{
    /// <summary>A subprotocol of this form carries a token; it names no protocol and is never sent back.</summary>
    public const string SubprotocolPrefix = "bearer.";

    private const string Scheme = "Bearer ";

    /// <param name="request">The request.</param>
    /// <param name="cookie">The cookie that may hold a token; null for none.</param>
    public static HandshakeToken? Find(HandshakeRequest request, string? cookie)
    {
        if (request.Authorization is { } header
            && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && header[Scheme.Length..].Trim() is { Length: > 0 } bearer)
            return new HandshakeToken(bearer);
        if (request.QueryValue("token") is { Length: > 0 } query)
            return new HandshakeToken(query);
        foreach (string name in request.Subprotocols)
        {
            if (name.StartsWith(SubprotocolPrefix, StringComparison.Ordinal) && name.Length > SubprotocolPrefix.Length)
                return new HandshakeToken(name[SubprotocolPrefix.Length..]);
        }
        return cookie is not null && CookieValue(request.Cookie, cookie) is { Length: > 0 } value
            ? new HandshakeToken(value, IsFromCookie: true)
            : null;
    }

    /// <summary>RFC 6265 section 4.2.1; the value may stand in quotes (section 4.1.1).</summary>
    private static string? CookieValue(string? header, string name)
    {
        foreach (string pair in (header ?? "").Split(';', StringSplitOptions.TrimEntries))
        {
            int equals = pair.IndexOf('=');
            if (equals > 0 && pair.AsSpan(0, equals).SequenceEqual(name))
                return pair[(equals + 1)..].Trim('"');
        }
        return null;
    }
}
