using System.Text;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Auth;

namespace Gateway.TestSupport;

/// <summary>
/// Believes the query: <c>?user=ann&amp;info={"name":"Ann"}</c>. Without a user, everybody is somebody else, as in development mode.
/// Stateless.
/// </summary>
internal sealed class QueryAuthenticator : IAuthenticator
{
    public string Description => "TEST: the query says who is there";

    public string? Warning => null;

    public string? Problem => null;

    public TokenVerifier? Tokens => null;

    public ValueTask<SignIn> AuthenticateAsync(HandshakeRequest request) => new(request.QueryValue("user") is { } user
        ? new SignIn(Identity.Unrestricted(user, Encoding.UTF8.GetBytes(request.QueryValue("info") ?? "")))
        : SignIn.NoToken);

    public Identity WithoutToken => Identity.UnrestrictedAnonymous;
}
