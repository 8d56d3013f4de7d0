namespace Gateway.Protocol.Messages;

/// <summary>What the bytes of a message's content are.</summary>
internal enum PayloadKind : byte
{
    /// <summary>One JSON value, byte for byte as its publisher sent it.</summary>
    Json,
}
