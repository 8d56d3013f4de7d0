using System.Diagnostics.CodeAnalysis;
using System.Text;
using Gateway.Server.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Gateway.Server.Auth;

/// <summary>
/// Judges JSON Web Tokens. Safe for any thread. Which keys may have signed one follows from its algorithm alone: the secret for HS, the
/// public keys for all others, so that neither can pass for the other.
/// </summary>
internal sealed class TokenVerifier
{
    /// <summary>As long as a whole request head may be.</summary>
    public const int MaxTokenBytes = 8 * 1024;

    /// <summary>
    /// By how much the issuer's clock may be ahead or behind. Clocks that are kept by NTP differ by less; a token's end is not the place to
    /// be generous, for living connections have a grace of their own.
    /// </summary>
    public const long SkewSeconds = 5;

    /// <summary>That of SHA-256; SHA-384 and SHA-512 have 128 bytes.</summary>
    private const int ShortestBlockBytes = 64;

    private static readonly string[] HmacAlgorithms = ["HS256", "HS384", "HS512"];
    private static readonly string[] PublicKeyAlgorithms =
    [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
    ];

    private readonly JsonWebTokenHandler _handler = new() { MaximumTokenSizeInBytes = MaxTokenBytes };
    private readonly AuthOptions _options;
    private readonly KeySet _keys;
    private readonly TimeProvider _time;
    private readonly SymmetricSecurityKey? _secret;

    public TokenVerifier(GatewayOptions options, KeySet keys, TimeProvider time)
    {
        _options = options.Auth;
        _keys = keys;
        _time = time;
        if (_options.Secret is { } secret)
            _secret = new SymmetricSecurityKey(Padded(secret));
    }

    /// <summary>Whether no token can be judged, because the keys are out of reach.</summary>
    public bool IsMissingKeys => _secret is null && _keys.IsMissing;

    /// <summary>Reads a token for signing in.</summary>
    public async ValueTask<(TokenClaims? Claims, TokenProblem? Problem)> VerifyAsync(string token)
    {
        var (claims, problem) = await VerifyAnyAsync(token).ConfigureAwait(false);
        return claims?.Channel is null ? (claims, problem) : (null, TokenProblem.ForChannel);
    }

    /// <summary>Reads a token for subscribing to one channel; whether it is the right one, and of the right user, is left to see.</summary>
    public async ValueTask<(TokenClaims? Claims, TokenProblem? Problem)> VerifySubscriptionAsync(string token)
    {
        var (claims, problem) = await VerifyAnyAsync(token).ConfigureAwait(false);
        return claims is { Channel: not null, Expires: null } ? (null, TokenProblem.NoExpiry) : (claims, problem);
    }

    /// <summary>Reads a token that was signed by one of the keys and is valid now.</summary>
    private async ValueTask<(TokenClaims? Claims, TokenProblem? Problem)> VerifyAnyAsync(string token)
    {
        if (!TryParse(token, out var parsed, out var problem))
            return (null, problem);
        bool isHmac = HmacAlgorithms.Contains(parsed.Alg);
        if (!isHmac && !PublicKeyAlgorithms.Contains(parsed.Alg))
            return (null, TokenProblem.Algorithm);
        if (isHmac ? _secret is null : _options.Jwks is null)
            return (null, TokenProblem.Algorithm);
        if (!isHmac && !_keys.Find(parsed.Alg, parsed.Kid).Any())
            await _keys.ReadOnDemandAsync().ConfigureAwait(false);
        SecurityKey[] keys = isHmac ? [_secret!] : [.. _keys.Find(parsed.Alg, parsed.Kid).Select(key => key.Key)];
        if (keys.Length == 0)
            return (null, _keys.IsMissing ? TokenProblem.NoKeys : TokenProblem.UnknownKey);
        if (Check(parsed, keys) is { } rejected)
            return (null, rejected);
        var claims = TokenClaims.TryRead(Base64UrlEncoder.DecodeBytes(parsed.EncodedPayload), out problem);
        problem ??= CheckTimes(claims!);
        return problem is null ? (claims, null) : (null, problem);
    }

    private static bool TryParse(string token, [NotNullWhen(true)] out JsonWebToken? parsed, out TokenProblem? problem)
    {
        parsed = null;
        problem = TokenProblem.TooLong;
        if (token.Length > MaxTokenBytes || Encoding.UTF8.GetByteCount(token) > MaxTokenBytes)
            return false;
        int parts = token.AsSpan().Count('.') + 1;
        problem = parts == 5 ? TokenProblem.Encrypted : TokenProblem.Malformed;
        if (parts != 3)
            return false;
        try
        {
            parsed = new JsonWebToken(token);
            return true;
        }
        catch (Exception)
        {
            // The library says in several ways, other ones in other versions, that this is no token; its message may quote it.
            return false;
        }
    }

    private TokenProblem? Check(JsonWebToken token, SecurityKey[] keys)
    {
        var parameters = new TokenValidationParameters
        {
            IssuerSigningKeyResolver = (_, _, _, _) => keys,
            ValidAlgorithms = [token.Alg],
            ValidIssuer = _options.Issuer,
            ValidateIssuer = _options.Issuer is not null,
            ValidAudience = _options.Audience,
            ValidateAudience = _options.Audience is not null,
            // By our own clock, below.
            ValidateLifetime = false,
        };
        try
        {
#pragma warning disable CS0618 // Later versions prefer an asynchronous form, which 6.8 does not have; nothing here waits.
            var result = _handler.ValidateToken(token.EncodedToken, parameters);
#pragma warning restore CS0618
            return result.IsValid ? null : ProblemOf(result.Exception);
        }
        catch (Exception)
        {
            // As above: whatever the library could not read.
            return TokenProblem.Malformed;
        }
    }

    private static TokenProblem ProblemOf(Exception? failure) => failure switch
    {
        SecurityTokenInvalidIssuerException => TokenProblem.Issuer,
        SecurityTokenInvalidAudienceException => TokenProblem.Audience,
        _ => TokenProblem.Signature,
    };

    private TokenProblem? CheckTimes(TokenClaims claims)
    {
        long now = _time.GetUtcNow().ToUnixTimeSeconds();
        if (claims.Expires is { } expires && now >= expires + SkewSeconds)
            return TokenProblem.Expired;
        return claims.NotBefore is { } notBefore && now < notBefore - SkewSeconds ? TokenProblem.NotYet : null;
    }

    /// <summary>
    /// HMAC fills a key shorter than a block with zeros itself (RFC 2104 section 2), so the result is the same; but newer
    /// versions of the library refuse to use the same 32 bytes for HS384 and HS512.
    /// </summary>
    private static byte[] Padded(byte[] secret)
    {
        byte[] padded = new byte[Math.Max(secret.Length, ShortestBlockBytes)];
        secret.CopyTo(padded, 0);
        return padded;
    }
}
