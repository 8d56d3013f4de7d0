using System.Globalization;
using System.Text.Json;
using Gateway.Protocol.WebSockets;

namespace Gateway.Server.Listening;

/// <summary>Writes a refusal as the answer to an HTTP request. Stateless.</summary>
internal static class RefusalResponse
{
    public static Task WriteAsync(HttpResponse response, HandshakeRefusal refusal)
    {
        response.StatusCode = refusal.StatusCode;
        response.Headers.CacheControl = "no-store";
        if (refusal.StatusCode == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = refusal.Challenge;
        if (refusal.RetryAfter is { } wait)
            response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return response.WriteAsJsonAsync(
            new { error = refusal.Error, message = refusal.Message }, JsonSerializerOptions.Web, contentType: "application/json");
    }
}
