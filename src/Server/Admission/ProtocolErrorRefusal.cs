using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;

namespace Gateway.Server.Admission;

/// <summary>Turns an error of the protocol into the HTTP answer that says the same. Stateless.</summary>
internal static class ProtocolErrorRefusal
{
    /// <summary>A hint for clients whose request may succeed when it is repeated.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    public static HandshakeRefusal ToRefusal(this ProtocolError error) => error.Code switch
    {
        ErrorCode.Unauthorized => new HandshakeRefusal(401, error.Code, error.Message),
        ErrorCode.Forbidden => new HandshakeRefusal(403, error.Code, error.Message),
        ErrorCode.MessageTooLarge => new HandshakeRefusal(413, error.Code, error.Message),
        ErrorCode.RateLimited or ErrorCode.LimitExceeded => new HandshakeRefusal(429, error.Code, error.Message),
        ErrorCode.Unavailable => new HandshakeRefusal(503, error.Code, error.Message) { RetryAfter = RetryAfter },
        ErrorCode.Unconfirmed => new HandshakeRefusal(504, error.Code, error.Message) { RetryAfter = RetryAfter },
        _ => new HandshakeRefusal(400, error.Code, error.Message),
    };
}
