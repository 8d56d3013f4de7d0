using Gateway.Protocol.WebSockets;
using Gateway.Server.Channels;

namespace Gateway.Server.Connections.Sending;

/// <summary>RFC 6455 frames; a dialect says what stands in those of a channel. Stateless.</summary>
internal abstract class WebSocketEncoding : FrameEncoding
{
    public sealed override bool ExpectsPong => true;

    public sealed override bool HasPositions => false;

    public sealed override void WriteReply(FrameBatch output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> reply, long? retryAfter) =>
        Write(output, Opcode.Text, reply);

    public sealed override void WriteBinary(FrameBatch output, ReadOnlySpan<byte> reply) => Write(output, Opcode.Binary, reply);

    public sealed override void WritePing(FrameBatch output) => Write(output, Opcode.Ping, []);

    public sealed override void WritePong(FrameBatch output, ReadOnlySpan<byte> payload) => Write(output, Opcode.Pong, payload);

    public sealed override void WriteClose(FrameBatch output, CloseStatus status) => FrameWriter.WriteClose(output, status);

    /// <summary>Writes the header of a text frame.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="length">Bytes of the payload, which follows.</param>
    /// <returns>Space for the payload; <see cref="FrameBatch.Advance"/> is the caller's.</returns>
    protected static Span<byte> BeginText(FrameBatch output, int length) => Begin(output, Opcode.Text, length);

    /// <summary>Writes the header of a binary frame.</summary>
    /// <inheritdoc cref="BeginText"/>
    protected static Span<byte> BeginBinary(FrameBatch output, int length) => Begin(output, Opcode.Binary, length);

    /// <summary>Writes a text frame.</summary>
    protected static void WriteText(FrameBatch output, ReadOnlySpan<byte> text) => Write(output, Opcode.Text, text);

    private static void Write(FrameBatch output, Opcode opcode, ReadOnlySpan<byte> payload)
    {
        payload.CopyTo(Begin(output, opcode, payload.Length));
        output.Advance(payload.Length);
    }

    private static Span<byte> Begin(FrameBatch output, Opcode opcode, int length)
    {
        int header = FrameWriter.HeaderSize(length);
        var frame = output.GetSpan(header + length);
        FrameWriter.WriteHeader(frame, opcode, length);
        output.Advance(header);
        return frame[header..];
    }
}
