namespace Gateway.Protocol.WebSockets;

/// <summary>
/// The reason why a connection closes: the codes of RFC 6455 7.4.1, the two IANA additions that a restarting server needs, and the
/// gateway's own codes in the private range 4000-4999. Further legal codes of a peer arrive as unnamed values.
/// </summary>
public enum CloseCode : ushort
{
    Normal = 1000,
    GoingAway = 1001,
    ProtocolError = 1002,
    UnsupportedData = 1003,

    /// <summary>The close frame had no code. This value stands for that absence and is never sent.</summary>
    NoStatus = 1005,
    InvalidPayload = 1007,
    PolicyViolation = 1008,
    MessageTooBig = 1009,
    InternalError = 1011,
    ServiceRestart = 1012,
    TryAgainLater = 1013,

    Unauthorized = 4001,
    Forbidden = 4003,
    SlowConsumer = 4008,
    TokenExpired = 4010,
    NoPong = 4011,
    RateLimited = 4029,
}
