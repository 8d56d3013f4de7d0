namespace Gateway.Server.Auth;

/// <summary>
/// <c>Gateway:Origins</c>: the pages whose scripts may connect. Immutable. Browsers send cookies with a WebSocket wherever the page comes
/// from, and no same-origin policy stops it; the Origin header, which scripts can't forge, does.
/// </summary>
internal sealed class AllowedOrigins
{
    private readonly Pattern[] _patterns;

    /// <param name="origins">Each of which <see cref="IsValid"/>.</param>
    public AllowedOrigins(IEnumerable<string> origins) => _patterns = [.. origins.Select(Parse).OfType<Pattern>()];

    public static bool IsValid(string origin) => Parse(origin) is not null;

    /// <summary>Whether a request from there may go on. Without a list any may, and so may programs, which send no Origin.</summary>
    public bool Allow(string? origin) => _patterns.Length == 0 || origin is null || Has(origin);

    /// <summary>Whether the list has it.</summary>
    public bool Has(string? origin) =>
        origin is not null && Parse(origin) is { AnySubdomain: false } asked && _patterns.Any(pattern => pattern.Fits(asked));

    /// <summary>Reads <c>scheme://host[:port]</c>, or <c>scheme://*.host[:port]</c> for all subdomains of the host.</summary>
    private static Pattern? Parse(string text)
    {
        bool any = text.Contains("://*.", StringComparison.Ordinal);
        string plain = any ? text.Replace("://*.", "://", StringComparison.Ordinal) : text;
        if (!Uri.TryCreate(plain, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || uri.UserInfo.Length > 0 || plain.Contains('*'))
            return null;
        // An origin ends with its port (RFC 6454 section 6.2): not even a slash follows.
        bool isOrigin = plain.AsSpan(uri.Scheme.Length).StartsWith("://") && !plain.AsSpan(uri.Scheme.Length + 3).ContainsAny(@"/\?#");
        return isOrigin ? new Pattern(uri.Scheme, uri.IdnHost, uri.Port, any) : null;
    }

    private sealed record Pattern(string Scheme, string Host, int Port, bool AnySubdomain)
    {
        public bool Fits(Pattern origin) => Scheme == origin.Scheme && Port == origin.Port && (AnySubdomain
            ? origin.Host.EndsWith("." + Host, StringComparison.Ordinal)
            : origin.Host == Host);
    }
}
