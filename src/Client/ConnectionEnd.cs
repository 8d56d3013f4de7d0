using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using Code = Gateway.Protocol.WebSockets.CloseCode;

namespace Gateway.Client;

/// <summary>
/// The end of a connection, or of an attempt at one, and what follows from it: docs/protocol.md, "Closing". Immutable.
/// </summary>
/// <param name="Next">What the client does next.</param>
/// <param name="Reason">The reason, for people.</param>
/// <param name="CloseCode">The close code. Null where no close frame came.</param>
/// <param name="RetryAfter">The pause that the gateway asked for. Null without one.</param>
/// <param name="Inner">The failure on this side. Null without one.</param>
internal sealed record ConnectionEnd(
    AfterEnd Next, string Reason, int? CloseCode = null, TimeSpan? RetryAfter = null, Exception? Inner = null)
{
    public static ConnectionEnd Lost(string reason, Exception? inner = null) => new(AfterEnd.Reconnect, reason, Inner: inner);

    /// <param name="code">The close frame's code.</param>
    /// <param name="reason">The close frame's reason.</param>
    /// <param name="disconnect">The <c>disconnect</c> before the close frame, which says more. Null if none came.</param>
    public static ConnectionEnd Closed(int code, string? reason, ServerMessage? disconnect)
    {
        if (string.IsNullOrEmpty(reason))
            reason = disconnect?.Reason ?? $"closed with {code}";
        return new ConnectionEnd(After(code, disconnect), reason, code, disconnect?.RetryAfter);
    }

    /// <summary>The gateway answered the handshake with another status than 101.</summary>
    /// <param name="status">The status of the answer.</param>
    /// <param name="retryAfter">The pause that the gateway asked for.</param>
    /// <param name="inner">The socket's exception.</param>
    /// <param name="description">The gateway's description of the problem. Null without one.</param>
    public static ConnectionEnd Refused(HttpStatusCode status, TimeSpan? retryAfter, Exception inner, string? description = null) => new(
        (int)status switch
        {
            401 => AfterEnd.NewToken,
            408 or 429 => AfterEnd.Reconnect,
            >= 400 and < 500 => AfterEnd.Stop,
            _ => AfterEnd.Reconnect,
        },
        $"the gateway answered the handshake with HTTP {(int)status}{(description is null ? "" : ": " + description)}",
        CloseCode: null,
        retryAfter,
        inner);

    /// <summary>The exception for the calls of a client that has stopped.</summary>
    public GatewayException ToException() => new(
        (Code?)CloseCode switch
        {
            Code.Unauthorized => GatewayErrorCode.Unauthorized,
            Code.Forbidden => GatewayErrorCode.Forbidden,
            Code.MessageTooBig => GatewayErrorCode.MessageTooLarge,
            _ => Next == AfterEnd.NewToken ? GatewayErrorCode.Unauthorized : GatewayErrorCode.Closed,
        },
        "the connection ended for good: " + Reason,
        RetryAfter,
        CloseCode,
        Inner);

    /// <summary>
    /// The <c>error_description</c> of a <c>WWW-Authenticate: Bearer</c> (RFC 6750 section 3). The socket does not show the body.
    /// </summary>
    public static string? DescriptionOf(ClientWebSocket socket)
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
        && int.TryParse(values.FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds)
        && seconds is > 0 and <= 3600
            ? TimeSpan.FromSeconds(seconds)
            : null;

    private static AfterEnd After(int code, ServerMessage? disconnect) => (Code)code switch
    {
        Code.Normal or Code.ProtocolError or Code.UnsupportedData or Code.InvalidPayload or Code.MessageTooBig or Code.Forbidden =>
            AfterEnd.Stop,
        Code.Unauthorized => AfterEnd.NewToken,
        Code.GoingAway or Code.InternalError or Code.ServiceRestart or Code.TryAgainLater =>
            AfterEnd.Reconnect,
        Code.SlowConsumer or Code.TokenExpired or Code.NoPong or Code.RateLimited =>
            AfterEnd.Reconnect,
        _ => disconnect?.Reconnect == false ? AfterEnd.Stop : AfterEnd.Reconnect,
    };
}
