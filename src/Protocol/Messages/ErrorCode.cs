namespace Gateway.Protocol.Messages;

/// <summary>The values of <c>code</c> in an <c>error</c> of protocol version 1.</summary>
public static class ErrorCode
{
    public const string BadRequest = "bad_request";
    public const string UnknownType = "unknown_type";
    public const string Unauthorized = "unauthorized";
    public const string Forbidden = "forbidden";
    public const string NotSubscribed = "not_subscribed";
    public const string LimitExceeded = "limit_exceeded";
    public const string RateLimited = "rate_limited";
    public const string MessageTooLarge = "message_too_large";
    public const string HistoryUnavailable = "history_unavailable";

    /// <summary>The backplane is out of reach, and nothing was done.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>The message was sent to the backplane, and no answer came in time. It may have been published.</summary>
    public const string Unconfirmed = "unconfirmed";

    public const string Internal = "internal";
}
