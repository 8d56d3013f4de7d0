namespace Gateway.Protocol.Messages;

/// <summary>
/// One message of a client, valid only as long as the payload it was read from: its spans point into that payload, or into
/// a small array where an escaped string had to be unescaped.
/// </summary>
/// <remarks>Only the fields that belong to <see cref="Type"/> are set; a field that is absent is empty or null.</remarks>
public ref struct ClientMessage
{
    public ClientMessageType Type { get; internal set; }

    /// <summary>Raw JSON as the client sent it, a string with its quotes or a number, to be returned unchanged.</summary>
    public ReadOnlySpan<byte> Id { get; internal set; }

    /// <summary>Unescaped UTF-8.</summary>
    public ReadOnlySpan<byte> Channel { get; internal set; }

    /// <summary>The raw JSON value, byte for byte as received.</summary>
    public ReadOnlySpan<byte> Content { get; internal set; }

    /// <summary>The idempotency key, unescaped UTF-8 of at most <see cref="ClientMessageReader.MaxKeyBytes"/> bytes.</summary>
    public ReadOnlySpan<byte> Key { get; internal set; }

    /// <summary>Unescaped UTF-8.</summary>
    public ReadOnlySpan<byte> Token { get; internal set; }

    /// <summary>False keeps a published message from the sender's own connection. True unless the client says otherwise.</summary>
    public bool Echo { get; internal set; }

    /// <summary>Whether <c>recover</c> was given; <see cref="RecoverEpoch"/> and <see cref="RecoverSeq"/> then hold it.</summary>
    public bool HasRecover { get; internal set; }

    /// <summary>Unescaped UTF-8.</summary>
    public ReadOnlySpan<byte> RecoverEpoch { get; internal set; }

    public long RecoverSeq { get; internal set; }

    /// <summary>How many messages of the history, at most <see cref="ClientMessageReader.MaxHistoryLimit"/>.</summary>
    public int? Limit { get; internal set; }

    public long? Before { get; internal set; }

    public long? After { get; internal set; }
}
