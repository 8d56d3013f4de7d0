namespace Gateway.Protocol.Messages;

/// <summary>
/// One message of a client. Its spans point into the payload that it was read from, or into a small array where a string had escapes, so it
/// is valid only as long as that payload.
/// </summary>
/// <remarks>Only the fields that belong to <see cref="Type"/> are set. An absent field is empty or null.</remarks>
internal ref struct ClientMessage
{
    public ClientMessageType Type { get; internal set; }

    /// <summary>The id as the client's raw JSON, a string with its quotes or a number. Answers return it unchanged.</summary>
    public ReadOnlySpan<byte> Id { get; internal set; }

    /// <summary>The channel's name in unescaped UTF-8.</summary>
    public ReadOnlySpan<byte> Channel { get; internal set; }

    /// <summary>The content as raw JSON, byte for byte as received. Empty in a message that has attachments alone.</summary>
    public ReadOnlySpan<byte> Content { get; internal set; }

    /// <summary>
    /// The attachments as a raw JSON array: lengths that have been checked in a binary message, otherwise strings that nobody has looked
    /// at. Empty for none.
    /// </summary>
    public ReadOnlySpan<byte> Attachments { get; internal set; }

    /// <summary>The bytes of all attachments of a binary message.</summary>
    public ReadOnlySpan<byte> AttachedBytes { get; internal set; }

    /// <summary>The idempotency key in unescaped UTF-8, at most <see cref="ClientMessageReader.MaxKeyBytes"/> bytes.</summary>
    public ReadOnlySpan<byte> Key { get; internal set; }

    /// <summary>The token in unescaped UTF-8.</summary>
    public ReadOnlySpan<byte> Token { get; internal set; }

    /// <summary>Whether the sender's own connection gets the message too. True unless the client says otherwise.</summary>
    public bool Echo { get; internal set; }

    /// <summary>Whether the message has a <c>recover</c>, which <see cref="RecoverEpoch"/> and <see cref="RecoverSeq"/> hold.</summary>
    public bool HasRecover { get; internal set; }

    /// <summary>The epoch in unescaped UTF-8.</summary>
    public ReadOnlySpan<byte> RecoverEpoch { get; internal set; }

    public long RecoverSeq { get; internal set; }

    /// <summary>The most messages of a page of history, up to <see cref="ClientMessageReader.MaxHistoryLimit"/>.</summary>
    public int? Limit { get; internal set; }

    public long? Before { get; internal set; }

    public long? After { get; internal set; }
}
