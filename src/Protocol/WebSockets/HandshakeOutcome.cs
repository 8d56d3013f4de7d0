namespace Gateway.Protocol.WebSockets;

/// <summary>The outcome of reading an upgrade request.</summary>
internal enum HandshakeOutcome : byte
{
    /// <summary>The head has not ended, and is still within its limit.</summary>
    NeedMoreData,

    /// <summary>The handshake is well-formed. There is a request, and the connection may become a WebSocket.</summary>
    Accepted,

    /// <summary>The handshake is wrong. There is a refusal to answer with, after which the connection ends.</summary>
    Refused,
}
