namespace Gateway.Protocol.Messages;

/// <summary>
/// A message's content on its way: a kind and bytes. Only the two ends look into the bytes; everything between them, from the backplane to
/// the fan-out, hands them on. Valid as long as the memory it points to.
/// </summary>
/// <param name="kind">What the bytes are.</param>
/// <param name="bytes">Never empty in a message that was accepted.</param>
internal readonly ref struct Payload(PayloadKind kind, ReadOnlySpan<byte> bytes)
{
    public PayloadKind Kind { get; } = kind;

    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    /// <summary>A JSON value that has been checked.</summary>
    public static Payload Json(ReadOnlySpan<byte> value) => new(PayloadKind.Json, value);
}
