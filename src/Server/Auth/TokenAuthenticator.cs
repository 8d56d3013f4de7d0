using Gateway.Protocol.WebSockets;
using Gateway.Server.Options;

namespace Gateway.Server.Auth;

/// <summary>
/// Lets in clients with a token that one of the configured keys signed, and where tokens are not required, others too. Safe for any thread.
/// </summary>
internal sealed class TokenAuthenticator(GatewayOptions options, TokenVerifier tokens, AllowedOrigins origins) : IAuthenticator
{
    private static readonly TimeSpan KeysMayBeBack = TimeSpan.FromSeconds(5);

    public string Description => $"tokens{(options.Auth.Required ? "" : ", not required")} ({string.Join(" and ", Keys())})";

    public string? Warning => options.Auth.JwksUrl is { Scheme: "http", IsLoopback: false }
        ? "the keys of Gateway:Auth:Jwks come over plain http: who stands in between can replace them"
        : null;

    public string? Problem => tokens.IsMissingKeys ? "the keys for tokens could not be read" : null;

    public TokenVerifier Tokens => tokens;

    public async ValueTask<SignIn> AuthenticateAsync(HandshakeRequest request)
    {
        if (HandshakeToken.Find(request, options.Auth.Cookie) is not { } token)
            return SignIn.NoToken;
        if (token.IsFromCookie && !origins.Has(request.Origin))
            return SignIn.Refused(HandshakeRefusal.CookieWithoutOrigin);
        var (claims, problem) = await tokens.VerifyAsync(token.Text).ConfigureAwait(false);
        return problem switch
        {
            null => new SignIn(Identity.Of(claims!)),
            { IsOurs: true } => SignIn.Refused(HandshakeRefusal.Unavailable with { Reason = "no_token_keys", RetryAfter = KeysMayBeBack }),
            _ => SignIn.Refused(HandshakeRefusal.Unauthorized(problem.Message)),
        };
    }

    public Identity WithoutToken => options.Auth.Required ? Identity.Unauthenticated : Identity.Anonymous;

    private IEnumerable<string> Keys()
    {
        if (options.Auth.Secret is not null)
            yield return "HS by secret";
        if (options.Auth.Jwks is not null)
            yield return "RS, PS, ES by JWKS";
    }
}
