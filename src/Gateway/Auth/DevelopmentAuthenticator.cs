using Gateway.Protocol.WebSockets;

namespace Gateway.Auth;

/// <summary>Stateless. Development mode: everybody is let in, as <c>anonymous-&lt;connection&gt;</c>.</summary>
internal sealed class DevelopmentAuthenticator : IAuthenticator
{
    public string Description => "development";

    public string Warning => "no key is configured: everybody is let in as anonymous, and only loopback is listened on";

    public Identity Authenticate(UpgradeRequest request, string connection) => new("anonymous-" + connection);
}
