using System.Globalization;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;

namespace Gateway.Server.Listening;

/// <summary>Stateless. Writes a refusal as the answer to an HTTP request.</summary>
internal static class RefusalResponse
{
    /// <summary>The same error to who asks by HTTP.</summary>
    public static UpgradeRefusal Of(ProtocolError error) => error.Code switch
    {
        ErrorCode.Unauthorized => new UpgradeRefusal(401, error.Code, error.Message),
        ErrorCode.Forbidden => new UpgradeRefusal(403, error.Code, error.Message),
        ErrorCode.MessageTooLarge => new UpgradeRefusal(413, error.Code, error.Message),
        ErrorCode.RateLimited or ErrorCode.LimitExceeded => new UpgradeRefusal(429, error.Code, error.Message),
        ErrorCode.Unavailable => new UpgradeRefusal(503, error.Code, error.Message) { RetryAfter = TimeSpan.FromSeconds(1) },
        ErrorCode.Unconfirmed => new UpgradeRefusal(504, error.Code, error.Message) { RetryAfter = TimeSpan.FromSeconds(1) },
        _ => new UpgradeRefusal(400, error.Code, error.Message),
    };

    public static Task WriteAsync(HttpResponse response, UpgradeRefusal refusal)
    {
        response.StatusCode = refusal.StatusCode;
        response.Headers.CacheControl = "no-store";
        if (refusal.StatusCode == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = refusal.Challenge;
        if (refusal.RetryAfter is { } wait)
            response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return response.WriteAsJsonAsync(new { error = refusal.Error, message = refusal.Message }, options: null, contentType: "application/json");
    }
}
