namespace Gateway.Server.Auth;

/// <summary>Every way a token can fail, in words for its sender. No value holds anything of the token. Immutable.</summary>
/// <param name="Message">What is wrong, as clients are told.</param>
/// <param name="IsOurs">Whether the fault is on this side, so that the same token may do later.</param>
internal sealed record TokenProblem(string Message, bool IsOurs = false)
{
    public static readonly TokenProblem TooLong = new($"the token is longer than {TokenVerifier.MaxTokenBytes} bytes");
    public static readonly TokenProblem Malformed = new("not a JSON Web Token");
    public static readonly TokenProblem Encrypted = new("encrypted tokens are not supported");
    public static readonly TokenProblem Algorithm = new("the token's algorithm is not allowed here");
    public static readonly TokenProblem UnknownKey = new("the token is signed with an unknown key");
    public static readonly TokenProblem Signature = new("the token's signature is wrong");
    public static readonly TokenProblem Expired = new("token expired");
    public static readonly TokenProblem NotYet = new("the token is not valid yet");
    public static readonly TokenProblem Issuer = new("the token is from another issuer");
    public static readonly TokenProblem Audience = new("the token is for another audience");
    public static readonly TokenProblem ForChannel = new("the token is for subscribing to a channel, not for signing in");
    public static readonly TokenProblem NoExpiry = new("a token for a channel needs an exp");
    public static readonly TokenProblem AnotherUser = new("the token is of another user");
    public static readonly TokenProblem AnotherChannel = new("the token is not for this channel");
    public static readonly TokenProblem NoKeys = new("tokens cannot be checked at the moment", IsOurs: true);

    public static TokenProblem Claim(string name, string must) => new($"the token's claim '{name}' must be {must}");
}
