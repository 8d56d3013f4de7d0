namespace Gateway.Protocol.Messages;

/// <summary>
/// What a message carries on its way: a kind and bytes. Only the two ends look into the bytes; everything between them, from the backplane
/// to the fan-out, hands them on. Valid as long as the memory it points to.
/// </summary>
/// <param name="kind">What the bytes are.</param>
/// <param name="bytes">Never empty in a message that was accepted.</param>
internal readonly ref struct Payload(PayloadKind kind, ReadOnlySpan<byte> bytes)
{
    public PayloadKind Kind { get; } = kind;

    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    /// <summary>The JSON value; empty in a message that has attachments alone.</summary>
    public ReadOnlySpan<byte> Content => Kind == PayloadKind.Json ? Bytes : Bytes[Attachments.Block.Length..];

    /// <summary>The attachments; none where the kind is JSON.</summary>
    public Attachments Attachments => Kind == PayloadKind.Json ? default : Attachments.Read(Bytes);

    /// <summary>A JSON value that has been checked.</summary>
    public static Payload Json(ReadOnlySpan<byte> value) => new(PayloadKind.Json, value);

    /// <summary>Whether bytes from outside are all bytes of a payload of this kind. The JSON in them is not looked into.</summary>
    public static bool IsWhole(PayloadKind kind, ReadOnlySpan<byte> bytes) => kind switch
    {
        PayloadKind.Json => !bytes.IsEmpty,
        PayloadKind.Attachments => Attachments.TryRead(bytes, out _),
        _ => false,
    };
}
