namespace Gateway.Protocol.Messages;

/// <summary>What the bytes of a message's payload are. Redis keeps the number.</summary>
internal enum PayloadKind : byte
{
    /// <summary>One JSON value, byte for byte as its publisher sent it.</summary>
    Json,

    /// <summary>Attachments (<see cref="Messages.Attachments"/>), and behind them one JSON value or nothing.</summary>
    Attachments,
}
