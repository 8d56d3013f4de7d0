namespace Gateway.Protocol.WebSockets;

/// <summary>
/// A message or control frame that <see cref="FrameReader.Read"/> has taken, or the reason why there is none. Immutable, with a borrowed
/// payload: it is valid until the next <see cref="FrameReader.Read"/>, or until the input that it was read from is given back.
/// </summary>
internal readonly struct ReceivedFrame
{
    private ReceivedFrame(FrameKind kind, ReadOnlyMemory<byte> payload, CloseStatus status)
    {
        Kind = kind;
        Payload = payload;
        Status = status;
    }

    public FrameKind Kind { get; }

    /// <summary>
    /// Whether the peer has sent a close frame, after which nothing follows. A close frame that breaks the rules is a Violation.
    /// </summary>
    public bool IsClose => Kind == FrameKind.Close || (Kind == FrameKind.Violation && Violations.AreOfClose(Status));

    /// <summary>The whole unmasked message of a Text or Binary, the payload of a Ping or Pong. Otherwise empty.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>
    /// The bytes that a compressed Text or Binary had on the wire, without frame headers. 0 for one that was not compressed.
    /// </summary>
    public int CompressedBytes { get; private init; }

    /// <summary>
    /// The peer's code and reason of a Close, with <see cref="CloseCode.NoStatus"/> for a close frame without a code. The answer to a
    /// Violation. Otherwise default.
    /// </summary>
    public CloseStatus Status { get; }

    internal static ReceivedFrame Message(Opcode opcode, ReadOnlyMemory<byte> payload, int compressedBytes = 0) =>
        new(opcode == Opcode.Text ? FrameKind.Text : FrameKind.Binary, payload, default) { CompressedBytes = compressedBytes };

    internal static ReceivedFrame Heartbeat(Opcode opcode, ReadOnlyMemory<byte> payload) =>
        new(opcode == Opcode.Ping ? FrameKind.Ping : FrameKind.Pong, payload, default);

    internal static ReceivedFrame Close(CloseStatus status) => new(FrameKind.Close, default, status);

    internal static ReceivedFrame Violation(CloseStatus status) => new(FrameKind.Violation, default, status);
}
