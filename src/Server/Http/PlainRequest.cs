using Gateway.Protocol.WebSockets;
using Microsoft.Extensions.Primitives;

namespace Gateway.Server.Http;

/// <summary>
/// Reads an ordinary request as the handshake that it would be, so that one set of rules judges requests and upgrades. Stateless.
/// </summary>
internal static class PlainRequest
{
    /// <param name="request">The request.</param>
    /// <param name="refusal">Why it is refused; null when it is not.</param>
    public static HandshakeRequest? Read(HttpRequest request, out HandshakeRefusal? refusal)
    {
        var headers = request.Headers;
        refusal = IsRepeated(headers.Origin) ? HandshakeRefusal.Repeated("Origin")
            : IsRepeated(headers.Authorization) ? HandshakeRefusal.Repeated("Authorization")
            : null;
        return refusal is not null ? null : new HandshakeRequest
        {
            Path = request.Path.Value ?? "/",
            Query = request.QueryString.Value?.TrimStart('?') ?? "",
            Host = request.Host.Value ?? "",
            Key = "",
            Origin = headers.Origin,
            Authorization = headers.Authorization,
            Cookie = headers.Cookie.Count > 0 ? string.Join("; ", headers.Cookie.ToArray()) : null,
            ForwardedFor = headers["X-Forwarded-For"].Count > 0 ? headers["X-Forwarded-For"].ToString() : null,
        };
    }

    private static bool IsRepeated(StringValues values) => values.Count > 1;
}
