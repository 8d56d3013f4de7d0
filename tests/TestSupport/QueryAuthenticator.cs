using System.Text;
using Gateway.Auth;
using Gateway.Protocol.WebSockets;

namespace Gateway.TestSupport;

/// <summary>Stateless. Believes the query: <c>?user=ann&amp;info={"name":"Ann"}</c>. Without a user, everybody is somebody else, as in development mode.</summary>
internal sealed class QueryAuthenticator : IAuthenticator
{
    public string Description => "TEST: the query says who is there";

    public string? Warning => null;

    public Identity Authenticate(UpgradeRequest request, string connection) =>
        new(request.QueryValue("user") ?? "anonymous-" + connection, Encoding.UTF8.GetBytes(request.QueryValue("info") ?? ""));
}
