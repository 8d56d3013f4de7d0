using System.Globalization;
using Gateway.Protocol.WebSockets;

namespace Gateway.Http;

/// <summary>Stateless. Writes a refusal as the answer to an HTTP request.</summary>
internal static class RefusalResponse
{
    public static Task WriteAsync(HttpResponse response, UpgradeRefusal refusal)
    {
        response.StatusCode = refusal.StatusCode;
        response.Headers.CacheControl = "no-store";
        // RFC 9110 section 15.5.2 demands a challenge.
        if (refusal.StatusCode == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Bearer";
        if (refusal.RetryAfter is { } wait)
            response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return response.WriteAsJsonAsync(new { error = refusal.Error, message = refusal.Message }, options: null, contentType: "application/json");
    }
}
