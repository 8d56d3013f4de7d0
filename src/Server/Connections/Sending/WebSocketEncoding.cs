using Gateway.Protocol.WebSockets;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Connections.Sending;

/// <summary>RFC 6455 frames; a dialect says what stands in those of a channel. Stateless.</summary>
internal abstract class WebSocketEncoding : FrameEncoding
{
    public sealed override bool ExpectsPong => true;

    public sealed override bool HasPositions => false;

    public abstract override void WriteMessage(FrameBatch output, ChannelName channel, in Publication publication);

    public abstract override void WritePresence(FrameBatch output, ChannelName channel, PresenceMessage presence);

    public sealed override void WriteReply(FrameBatch output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> reply, long? retryAfter) =>
        Write(output, Opcode.Text, reply);

    public sealed override void WriteBinary(FrameBatch output, ReadOnlySpan<byte> reply) => Write(output, Opcode.Binary, reply);

    public sealed override void WritePing(FrameBatch output) => Write(output, Opcode.Ping, []);

    public sealed override void WritePong(FrameBatch output, ReadOnlySpan<byte> payload) => Write(output, Opcode.Pong, payload);

    public sealed override void WriteClose(FrameBatch output, CloseStatus status) => FrameWriter.WriteClose(output, status);

    /// <summary>Writes the header of a text frame.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="length">Bytes of the text, which follows.</param>
    /// <returns>Space for the text; <see cref="FrameBatch.Advance"/> is the caller's.</returns>
    protected static Span<byte> BeginText(FrameBatch output, int length)
    {
        int header = FrameWriter.HeaderSize(length);
        var frame = output.GetSpan(header + length);
        FrameWriter.WriteHeader(frame, Opcode.Text, length);
        output.Advance(header);
        return frame[header..];
    }

    /// <summary>Writes a text frame.</summary>
    protected static void WriteText(FrameBatch output, ReadOnlySpan<byte> text) => Write(output, Opcode.Text, text);

    private static void Write(FrameBatch output, Opcode opcode, ReadOnlySpan<byte> payload)
    {
        int header = FrameWriter.HeaderSize(payload.Length);
        var frame = output.GetSpan(header + payload.Length);
        FrameWriter.WriteHeader(frame, opcode, payload.Length);
        payload.CopyTo(frame[header..]);
        output.Advance(header + payload.Length);
    }
}
