using Gateway.Protocol.WebSockets;

namespace Gateway.Server.Auth;

/// <summary>The result of looking for a token in a request: a user, none, or a refusal. Immutable.</summary>
/// <param name="Identity">Who it is; null without a token.</param>
/// <param name="Refusal">Why the request is refused; null when it is not.</param>
internal sealed record SignIn(Identity? Identity, HandshakeRefusal? Refusal = null)
{
    public static readonly SignIn NoToken = new(Identity: null);

    public static SignIn Refused(HandshakeRefusal refusal) => new(null, refusal);
}
