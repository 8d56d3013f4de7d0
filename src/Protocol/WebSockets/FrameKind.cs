namespace Gateway.Protocol.WebSockets;

/// <summary>What one <see cref="FrameReader.Read"/> came to.</summary>
public enum FrameKind : byte
{
    /// <summary>The input is used up and no message or control frame is complete.</summary>
    NeedMoreData,
    Text,
    Binary,
    Ping,
    Pong,

    /// <summary>The peer closes; nothing it sends afterwards is read.</summary>
    Close,

    /// <summary>The peer broke the protocol or a limit; answer with the status and hang up (RFC 6455 7.1.7).</summary>
    Violation,
}
