namespace Gateway.Server.Options;

/// <summary><c>Gateway:Auth</c>: the keys and rules of tokens. Immutable. Without a key only development mode starts.</summary>
internal sealed record AuthOptions
{
    /// <summary>Fewer bytes than the hash of HS256 has could be guessed faster than the hash broken (RFC 7518 section 3.2).</summary>
    public const int MinSecretBytes = 32;

    /// <summary>
    /// <c>Auth:Secret</c> in UTF-8, the key of HS256, HS384 and HS512. Bytes, so that printing the options does not print it.
    /// </summary>
    public byte[]? Secret { get; init; }

    /// <summary><c>Auth:Jwks</c>, the file or URL of the public keys of all other algorithms.</summary>
    public string? Jwks { get; init; }

    /// <summary>Expected <c>iss</c>; null is not checked.</summary>
    public string? Issuer { get; init; }

    /// <summary>Expected <c>aud</c>, alone or among others; null is not checked.</summary>
    public string? Audience { get; init; }

    /// <summary>Whether a connection without a token is refused. Default true where there is a key.</summary>
    public bool Required { get; init; }

    /// <summary>Time to sign in with a first message. Default 10 s. After it: close 4001.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Name of a cookie that may hold the token; null for none.</summary>
    public string? Cookie { get; init; }

    public bool HasKey => Secret is not null || Jwks is not null;

    /// <summary>The URL of <see cref="Jwks"/>; null where it is a file.</summary>
    public Uri? JwksUrl => Uri.TryCreate(Jwks, UriKind.Absolute, out var url) && url.Scheme is ("http" or "https") ? url : null;
}
