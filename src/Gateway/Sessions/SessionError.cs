using Gateway.Protocol.Messages;

namespace Gateway.Sessions;

/// <summary>Immutable values. The errors a session answers with, beside those of reading a message.</summary>
internal static class SessionError
{
    public static readonly ProtocolError UnknownType = new(ErrorCode.UnknownType, "unknown type; known are auth, subscribe, unsubscribe, message, presence, history, refresh, ping");

    public static readonly ProtocolError NoTokens = new(ErrorCode.BadRequest, "tokens are not used here: no key is configured");

    public static readonly ProtocolError Forbidden = new(ErrorCode.Forbidden, "not allowed in this channel");

    public static readonly ProtocolError NotSubscribed = new(ErrorCode.NotSubscribed, "not subscribed to this channel");

    public static readonly ProtocolError NoHistory = new(ErrorCode.HistoryUnavailable, "this channel keeps no history");

    public static readonly ProtocolError NoPresence = new(ErrorCode.BadRequest, "this channel has no presence");

    public static readonly ProtocolError Unavailable = new(ErrorCode.Unavailable, "the backplane is out of reach; nothing was done");

    public static readonly ProtocolError RateLimited = new(ErrorCode.RateLimited, "too many messages or bytes; this one was not done");

    public static ProtocolError BadRequest(string message) => new(ErrorCode.BadRequest, message);

    public static ProtocolError TooManyChannels(int limit) => new(ErrorCode.LimitExceeded, $"at most {limit} channels per connection");
}
