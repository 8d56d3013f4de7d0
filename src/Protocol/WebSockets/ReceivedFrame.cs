namespace Gateway.Protocol.WebSockets;

/// <summary>
/// Immutable, but its payload is borrowed: valid until the next <see cref="FrameReader.Read"/>, or until the input it was read
/// from is given back. The outcome of one <see cref="FrameReader.Read"/>.
/// </summary>
public readonly struct ReceivedFrame
{
    private ReceivedFrame(FrameKind kind, ReadOnlyMemory<byte> payload, CloseStatus status)
    {
        Kind = kind;
        Payload = payload;
        Status = status;
    }

    public FrameKind Kind { get; }

    /// <summary>Whether it is a close frame, be it one that breaks the rules for them (a Violation then): nothing follows it.</summary>
    public bool IsClose => Kind == FrameKind.Close || (Kind == FrameKind.Violation && Violations.AreOfClose(Status));

    /// <summary>The whole unmasked message of a Text or Binary, the payload of a Ping or Pong; otherwise empty.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>
    /// For a Close, the peer's code (<see cref="CloseCode.NoStatus"/> when it sent none) and reason; for a Violation, what to
    /// close with; otherwise default.
    /// </summary>
    public CloseStatus Status { get; }

    internal static ReceivedFrame Message(Opcode opcode, ReadOnlyMemory<byte> payload) =>
        new(opcode == Opcode.Text ? FrameKind.Text : FrameKind.Binary, payload, default);

    internal static ReceivedFrame Heartbeat(Opcode opcode, ReadOnlyMemory<byte> payload) =>
        new(opcode == Opcode.Ping ? FrameKind.Ping : FrameKind.Pong, payload, default);

    internal static ReceivedFrame Close(CloseStatus status) => new(FrameKind.Close, default, status);

    internal static ReceivedFrame Violation(CloseStatus status) => new(FrameKind.Violation, default, status);
}
