using Gateway.Protocol.Messages;

namespace Gateway.Client;

/// <summary>The values of <see cref="GatewayException.Code"/>. A newer gateway may send others.</summary>
public static class GatewayErrorCode
{
    /// <summary>The gateway did not understand the request, or the channel's name is not valid.</summary>
    public const string BadRequest = ErrorCode.BadRequest;

    /// <summary>The token is bad, has expired, or is missing.</summary>
    public const string Unauthorized = ErrorCode.Unauthorized;

    /// <summary>The user is not allowed to do this in the channel, or the backend has disconnected the user for good.</summary>
    public const string Forbidden = ErrorCode.Forbidden;

    /// <summary>The connection has too many channels.</summary>
    public const string LimitExceeded = ErrorCode.LimitExceeded;

    /// <summary>The client sent too fast. It waits and sends the request again by itself.</summary>
    public const string RateLimited = ErrorCode.RateLimited;

    /// <summary>The message is larger than allowed.</summary>
    public const string MessageTooLarge = ErrorCode.MessageTooLarge;

    /// <summary>The channel keeps no history.</summary>
    public const string HistoryUnavailable = ErrorCode.HistoryUnavailable;

    /// <summary>The gateway cannot do this at the moment, and nothing was done. Try again later.</summary>
    public const string Unavailable = ErrorCode.Unavailable;

    /// <summary>
    /// The request was sent and not answered: the connection was lost, or the gateway got no answer from the backplane. The client repeats
    /// the request with the same key, and gives up with this code when that is no longer safe. The message may have been published.
    /// </summary>
    public const string Unconfirmed = ErrorCode.Unconfirmed;

    /// <summary>The gateway failed.</summary>
    public const string Internal = ErrorCode.Internal;

    /// <summary>
    /// The client's queue is full, and this was the oldest request in it that had not been sent. A message was not published and will not
    /// be.
    /// </summary>
    public const string QueueFull = "queue_full";

    /// <summary>
    /// The client has been disposed of, or the gateway has closed the connection for good. A message that was sent and not answered may
    /// have been published.
    /// </summary>
    public const string Closed = "closed";
}
