namespace Gateway.Client;

/// <summary>Constants. The values of <see cref="GatewayException.Code"/>; a newer gateway may know more.</summary>
public static class GatewayErrorCode
{
    /// <summary>The gateway did not understand the request, or the channel's name is none.</summary>
    public const string BadRequest = "bad_request";

    /// <summary>The token is bad, has expired, or is missing.</summary>
    public const string Unauthorized = "unauthorized";

    /// <summary>Not allowed in this channel, or disconnected for good by the backend.</summary>
    public const string Forbidden = "forbidden";

    /// <summary>Too many channels on one connection.</summary>
    public const string LimitExceeded = "limit_exceeded";

    /// <summary>Sent too fast. The client waits and sends again by itself.</summary>
    public const string RateLimited = "rate_limited";

    /// <summary>The message is larger than allowed.</summary>
    public const string MessageTooLarge = "message_too_large";

    /// <summary>The channel keeps no history.</summary>
    public const string HistoryUnavailable = "history_unavailable";

    /// <summary>The gateway could not do it at the moment, and nothing was done: try again later.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>
    /// Sent, and not answered, because the connection was lost or the gateway did not know itself. The client sends it again with the same key, and
    /// gives up when that is no longer safe. It may have been published.
    /// </summary>
    public const string Unconfirmed = "unconfirmed";

    /// <summary>The gateway failed.</summary>
    public const string Internal = "internal";

    /// <summary>By the client: the queue is full and this was the oldest in it that had not been sent. It was not and will not be published.</summary>
    public const string QueueFull = "queue_full";

    /// <summary>By the client: it has been disposed of, or the gateway closed the connection for good. What was sent but not answered may have been published.</summary>
    public const string Closed = "closed";
}
