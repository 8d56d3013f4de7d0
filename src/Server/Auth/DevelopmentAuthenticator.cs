using Gateway.Protocol.WebSockets;

namespace Gateway.Server.Auth;

/// <summary>
/// Development mode: every client is let in, as <c>anonymous-&lt;connection&gt;</c>, and may do everything that some client may. Stateless.
/// </summary>
internal sealed class DevelopmentAuthenticator : IAuthenticator
{
    public string Description => "development";

    public string Warning => "development mode: everybody on this machine is let in as anonymous and may do everything";

    public string? Problem => null;

    public TokenVerifier? Tokens => null;

    public ValueTask<SignIn> AuthenticateAsync(HandshakeRequest request) => new(SignIn.NoToken);

    public Identity WithoutToken => Identity.UnrestrictedAnonymous;
}
