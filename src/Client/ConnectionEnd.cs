using System.Net;
using System.Net.WebSockets;

namespace Gateway.Client;

/// <summary>Immutable. How a connection, or an attempt at one, ended, and what follows from it: protocol, "Close codes".</summary>
/// <param name="Next">What to do.</param>
/// <param name="Reason">Why, for people.</param>
/// <param name="CloseCode">Null where there was none.</param>
/// <param name="RetryAfter">What the gateway asked for.</param>
/// <param name="Inner">What went wrong on this side.</param>
internal sealed record ConnectionEnd(AfterEnd Next, string Reason, int? CloseCode = null, TimeSpan? RetryAfter = null, Exception? Inner = null)
{
    public static ConnectionEnd Lost(string reason, Exception? inner = null) => new(AfterEnd.Reconnect, reason, Inner: inner);

    /// <param name="code">Of the close frame.</param>
    /// <param name="reason">Of the close frame.</param>
    /// <param name="said">The <c>disconnect</c> before it, which says more; null if none came.</param>
    public static ConnectionEnd Closed(int code, string? reason, ServerMessage? said) =>
        new(After(code, said), string.IsNullOrEmpty(reason) ? said?.Reason ?? $"closed with {code}" : reason, code, said?.RetryAfter);

    /// <summary>The handshake was not answered with 101.</summary>
    /// <param name="status">What it was answered with.</param>
    /// <param name="retryAfter">What the gateway asked for.</param>
    /// <param name="inner">What the socket says.</param>
    /// <param name="words">What is wrong, if the gateway said so.</param>
    public static ConnectionEnd Refused(HttpStatusCode status, TimeSpan? retryAfter, Exception inner, string? words = null) => new(
        (int)status switch
        {
            401 => AfterEnd.NewToken,
            408 or 429 => AfterEnd.Reconnect,
            >= 400 and < 500 => AfterEnd.Stop,
            _ => AfterEnd.Reconnect,
        },
        $"the gateway answered the handshake with HTTP {(int)status}{(words is null ? "" : ": " + words)}",
        CloseCode: null,
        retryAfter,
        inner);

    /// <summary>What the calls of a stopped client fail with.</summary>
    public GatewayException ToException() => new(
        CloseCode switch
        {
            4001 => GatewayErrorCode.Unauthorized,
            4003 => GatewayErrorCode.Forbidden,
            1009 => GatewayErrorCode.MessageTooLarge,
            _ => Next == AfterEnd.NewToken ? GatewayErrorCode.Unauthorized : GatewayErrorCode.Closed,
        },
        "the connection ended for good: " + Reason,
        RetryAfter,
        CloseCode,
        Inner);

    private static AfterEnd After(int code, ServerMessage? said) => code switch
    {
        1000 or 1002 or 1003 or 1007 or 1009 or 4003 => AfterEnd.Stop,
        4001 => AfterEnd.NewToken,
        1001 or 1011 or 1012 or 1013 or 4008 or 4010 or 4011 or 4029 => AfterEnd.Reconnect,
        _ => said?.Reconnect == false ? AfterEnd.Stop : AfterEnd.Reconnect,
    };

    /// <summary>The <c>error_description</c> of a <c>WWW-Authenticate: Bearer</c> (RFC 6750 section 3); the socket shows no bodies.</summary>
    public static string? WordsOf(ClientWebSocket socket)
    {
        const string Name = "error_description=\"";
        if (socket.HttpResponseHeaders is not { } headers || !headers.TryGetValue("WWW-Authenticate", out var values))
            return null;
        string[] parts = string.Join(", ", values).Split(Name, 2);
        return parts.Length == 2 ? parts[1].Split('"')[0] : null;
    }

    /// <summary>The seconds of a <c>Retry-After</c>.</summary>
    public static TimeSpan? RetryAfterOf(ClientWebSocket socket) =>
        socket.HttpResponseHeaders is { } headers
        && headers.TryGetValue("Retry-After", out var values)
        && int.TryParse(values.FirstOrDefault(), out int seconds) && seconds is > 0 and <= 3600
            ? TimeSpan.FromSeconds(seconds)
            : null;
}
