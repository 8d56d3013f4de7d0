using Gateway.Protocol.Compression;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;

namespace Gateway.Server.Connections.Sending;

/// <summary>
/// The frames of a WebSocket encoding, deflated (RFC 7692): of clients with which permessage-deflate was agreed on. Its frames are made
/// from the plain ones, once for all of them. Safe for any thread.
/// </summary>
/// <param name="plain">The encoding whose frames are deflated.</param>
/// <param name="deflaters">Deflaters of the window that was agreed on.</param>
/// <param name="threshold">Bytes below which a message stays plain.</param>
/// <param name="metrics">Counts what is saved.</param>
internal sealed class DeflateEncoding(FrameEncoding plain, BoundedPool<Deflater> deflaters, int threshold, GatewayMetrics metrics)
    : FrameEncoding
{
    public override FrameEncoding Source => plain;

    public override bool IsCompressed => true;

    public override bool ExpectsPong => plain.ExpectsPong;

    public override bool HasPositions => plain.HasPositions;

    public override bool IsSlow(int bytes) => IsWorthwhile(bytes);

    public override FrameBatch Transcode(FrameBatch source, ChannelName channel)
    {
        if (!channel.Namespace.Rules.Compress || !HasWorthwhile(source))
        {
            source.Retain();
            return source;
        }
        var output = FrameBatch.Rent(this);
        foreach (ref readonly var entry in source.Entries)
        {
            int start = output.Length;
            WriteDeflated(output, source.Bytes.Slice(entry.Start, entry.Length));
            output.EndFrame(start, entry);
        }
        output.SavedBytes = source.Length - output.Length;
        return output;
    }

    public override void WriteReply(FrameBatch output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> reply, long? retryAfter)
    {
        if (!IsWorthwhile(reply.Length))
        {
            plain.WriteReply(output, type, reply, retryAfter);
            return;
        }
        var frames = FrameBatch.Rent(plain);
        plain.WriteReply(frames, type, reply, retryAfter);
        WriteReply(output, frames);
    }

    public override void WriteBinary(FrameBatch output, ReadOnlySpan<byte> reply)
    {
        if (!IsWorthwhile(reply.Length))
        {
            plain.WriteBinary(output, reply);
            return;
        }
        var frames = FrameBatch.Rent(plain);
        plain.WriteBinary(frames, reply);
        WriteReply(output, frames);
    }

    // Messages of a channel come by Transcode; here those that one client has missed.
    public override void WriteMessage(FrameBatch output, ChannelName channel, in Publication publication)
    {
        if (!channel.Namespace.Rules.Compress)
        {
            plain.WriteMessage(output, channel, publication);
            return;
        }
        var frames = FrameBatch.Rent(plain);
        plain.WriteMessage(frames, channel, publication);
        WriteReply(output, frames);
    }

    public override void WritePresence(FrameBatch output, ChannelName channel, PresenceMessage presence) =>
        plain.WritePresence(output, channel, presence);

    // Control frames are never compressed (RFC 7692 section 6.1).
    public override void WritePing(FrameBatch output) => plain.WritePing(output);

    public override void WritePong(FrameBatch output, ReadOnlySpan<byte> payload) => plain.WritePong(output, payload);

    public override void WriteClose(FrameBatch output, CloseStatus status) => plain.WriteClose(output, status);

    /// <summary>Deflates the plain frames of a reply, and gives them back.</summary>
    private void WriteReply(FrameBatch output, FrameBatch frames)
    {
        int start = output.Length;
        WriteDeflated(output, frames.Bytes);
        metrics.Saved(frames.Length - (output.Length - start));
        frames.Release();
    }

    private bool IsWorthwhile(int bytes) => bytes >= threshold && bytes > 0;

    private bool HasWorthwhile(FrameBatch frames)
    {
        foreach (ref readonly var entry in frames.Entries)
        {
            if (IsWorthwhile(entry.Length))
                return true;
        }
        return false;
    }

    /// <summary>Writes plain frames, each deflated by itself where that makes it smaller.</summary>
    private void WriteDeflated(FrameBatch output, ReadOnlySpan<byte> frames)
    {
        while (!frames.IsEmpty)
        {
            int header = FrameWriter.ReadHeader(frames, out var opcode, out int length);
            if (!IsWorthwhile(length) || !TryDeflate(output, opcode, frames.Slice(header, length)))
            {
                frames[..(header + length)].CopyTo(output.GetSpan(header + length));
                output.Advance(header + length);
            }
            frames = frames[(header + length)..];
        }
    }

    /// <returns>False when the message does not get smaller; nothing is written then.</returns>
    private bool TryDeflate(FrameBatch output, Opcode opcode, ReadOnlySpan<byte> message)
    {
        // Deflated behind the longest header that it may need, and then moved to the one it does need.
        int header = FrameWriter.HeaderSize(message.Length);
        var frame = output.GetSpan(header + Deflater.MaxBytes(message.Length));
        var deflater = deflaters.Rent();
        int length = deflater.Deflate(message, frame[header..]);
        deflaters.Return(deflater);
        metrics.Deflated(message.Length, Math.Min(length, message.Length));
        if (length >= message.Length)
            return false;
        int size = FrameWriter.HeaderSize(length);
        frame.Slice(header, length).CopyTo(frame[size..]);
        FrameWriter.WriteHeader(frame, opcode, length, isCompressed: true);
        output.Advance(size + length);
        return true;
    }
}
