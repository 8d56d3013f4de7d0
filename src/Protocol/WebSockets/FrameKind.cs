namespace Gateway.Protocol.WebSockets;

/// <summary>The outcome of one <see cref="FrameReader.Read"/>.</summary>
internal enum FrameKind : byte
{
    /// <summary>The input is used up, and no message or control frame is complete.</summary>
    NeedMoreData,
    Text,
    Binary,
    Ping,
    Pong,

    /// <summary>The peer closes the connection. Nothing that it sends afterwards is read.</summary>
    Close,

    /// <summary>
    /// The peer broke the protocol or a limit. The caller answers with the status and closes the connection (RFC 6455 7.1.7).
    /// </summary>
    Violation,
}
