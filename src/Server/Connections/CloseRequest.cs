using System.Globalization;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;

namespace Gateway.Server.Connections;

/// <summary>
/// Why this side closes a connection, and what its client should do: the one table of protocol, "Close codes". Immutable.
/// </summary>
/// <param name="Status">What the close frame says.</param>
/// <param name="Reconnect">Whether the client should come back.</param>
/// <param name="RetryAfter">Milliseconds it should wait first; null leaves that to its own backoff.</param>
/// <param name="DropQueued">Whether to drop what is queued, because the peer does not take it anyway.</param>
/// <param name="HalfCloses">Whether to end this side of the stream without waiting for the peer's close frame.</param>
internal sealed record CloseRequest(
    CloseStatus Status, bool Reconnect = false, long? RetryAfter = null, bool DropQueued = false, bool HalfCloses = false)
{
    public static readonly CloseRequest NoPong = new(new(CloseCode.NoPong, "nothing received in time"), Reconnect: true, DropQueued: true);

    public static readonly CloseRequest TokenExpired = new(new(CloseCode.TokenExpired, "token expired"), Reconnect: true);

    /// <summary>Tokens can't be judged here at the moment; another node may be able to.</summary>
    public static readonly CloseRequest KeysMissing =
        new(new(CloseCode.TryAgainLater, "tokens cannot be checked at the moment"), Reconnect: true, RetryAfter: 5_000);

    /// <summary>A channel was not to be had, and the client cannot ask for it again; the backplane may be back by then.</summary>
    public static readonly CloseRequest BackplaneAway =
        new(new(CloseCode.TryAgainLater, "the backplane is out of reach"), Reconnect: true, RetryAfter: 5_000);

    /// <summary>A subscription has a gap, and the client cannot ask to recover but by coming back.</summary>
    public static readonly CloseRequest MessagesLost =
        new(new(CloseCode.SlowConsumer, "messages were lost: reconnect and recover"), Reconnect: true);

    public static readonly CloseRequest InternalError = new(new(CloseCode.InternalError, "internal error"), Reconnect: true);

    public static readonly CloseRequest RateLimited = new(new(CloseCode.RateLimited, "rate limit exceeded"), Reconnect: true);

    public static readonly CloseRequest TooManyConnections = new(new(CloseCode.TryAgainLater, "too many connections"), Reconnect: true);

    /// <summary>The token of a first message will not do.</summary>
    /// <param name="problem">Why not. No more than fits into a close frame, 123 bytes of UTF-8.</param>
    public static CloseRequest BadToken(string problem) => new(new CloseStatus(CloseCode.Unauthorized, problem));

    public static CloseRequest NoToken(TimeSpan within) =>
        BadToken(string.Create(CultureInfo.InvariantCulture, $"no token within {within.TotalSeconds} s"));

    /// <summary>By the API.</summary>
    public static CloseRequest Disconnected(string? reason) => new(new CloseStatus(CloseCode.Forbidden, reason ?? "disconnected"));

    /// <summary>By the backend, as the client was about to sign in; or because it could not be asked.</summary>
    public static CloseRequest Denied(ProtocolError denial) => denial.Code switch
    {
        ErrorCode.Unauthorized => new(new CloseStatus(CloseCode.Unauthorized, denial.Message)),
        ErrorCode.Unavailable => new(new CloseStatus(CloseCode.TryAgainLater, denial.Message), Reconnect: true, RetryAfter: 5_000),
        ErrorCode.RateLimited or ErrorCode.LimitExceeded => new(new CloseStatus(CloseCode.TryAgainLater, denial.Message), Reconnect: true),
        _ => new(new CloseStatus(CloseCode.Forbidden, denial.Message)),
    };

    public static CloseRequest SlowConsumer(CloseStatus status) => new(status, Reconnect: true, DropQueued: true);

    /// <summary>A binary message does not have the layout of one.</summary>
    /// <param name="problem">How not. No more than fits into a close frame, 123 bytes of UTF-8.</param>
    public static CloseRequest NoBinaryMessage(string problem) =>
        new(new CloseStatus(CloseCode.UnsupportedData, problem), HalfCloses: true);

    public static CloseRequest Violation(CloseStatus status) => new(status, HalfCloses: true);

    public static CloseRequest Restarting(long retryAfter) => new(new(CloseCode.ServiceRestart, "restarting"), Reconnect: true, retryAfter);
}
