namespace Gateway.Protocol.WebSockets;

/// <summary>What came of looking at an upgrade request.</summary>
public enum UpgradeOutcome : byte
{
    /// <summary>The head has not ended and is still within its limit.</summary>
    NeedMoreData,

    /// <summary>A well-formed handshake: there is a request, and the connection may become a WebSocket.</summary>
    Accepted,

    /// <summary>There is a refusal to answer with; the connection ends after it.</summary>
    Refused,
}
