using Gateway.Protocol.WebSockets;

namespace Gateway.Auth;

/// <summary>Stateless. Development mode: everybody is let in, as <c>anonymous-&lt;connection&gt;</c>.</summary>
internal sealed class DevelopmentAuthenticator : IAuthenticator
{
    public string Description => "DEVELOPMENT: no key is configured, everybody is let in; loopback only";

    public Identity Authenticate(UpgradeRequest request, string connection) => new("anonymous-" + connection);
}
