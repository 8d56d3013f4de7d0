using System.Buffers;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Backplane;
using Gateway.Server.Naming;
using Microsoft.Extensions.ObjectPool;

namespace Gateway.Server.Channels;

/// <summary>
/// Written by one thread under its channel's lock, then read by any until the last reference is released. Consecutive frames of
/// one channel, encoded once, header included, back to back: a subscriber that wants them all takes them in one copy.
/// </summary>
internal sealed class FrameBatch : IBufferWriter<byte>
{
    /// <summary>
    /// A batch takes no further frame past this. Large enough that the send, not the copy, is what a batch costs; small enough
    /// that a stalled connection which holds on to one frame of it does not keep much more alive.
    /// </summary>
    public const int TargetBytes = 16 * 1024;

    private static readonly ObjectPool<FrameBatch> Pool =
        new DefaultObjectPool<FrameBatch>(new DefaultPooledObjectPolicy<FrameBatch>(), maximumRetained: 1024);

    private byte[] _buffer = [];
    private FrameEntry[] _entries = new FrameEntry[4];
    private int _references;

    /// <summary>Frames in the batch.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes in the batch.</summary>
    public int Length { get; private set; }

    /// <summary>The batch's place in the channel's life on this node; see <see cref="Subscription.StartBatch"/>.</summary>
    public long Number { get; private set; }

    /// <summary>The first message's seq; 0 without history.</summary>
    public long FirstSeq { get; private set; }

    /// <summary>The last message's seq; 0 without history.</summary>
    public long LastSeq { get; private set; }

    /// <summary>Whether some frame is not for every subscriber.</summary>
    public bool IsSelective { get; private set; }

    /// <summary>The trace of the first message that has one; null for none.</summary>
    public string? Trace { get; set; }

    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, Length);

    public ReadOnlySpan<FrameEntry> Entries => _entries.AsSpan(0, Count);

    /// <summary>An empty batch with one reference, the caller's.</summary>
    public static FrameBatch Rent(long number)
    {
        var batch = Pool.Get();
        batch._references = 1;
        batch.Number = number;
        return batch;
    }

    /// <summary>A batch of one frame that belongs to no channel: a reply that has to wait in a queue.</summary>
    public static FrameBatch Of(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        var batch = Rent(0);
        batch.Append(opcode, payload);
        return batch;
    }

    public bool HasRoomFor(int bytes) => Count == 0 || Length + bytes <= TargetBytes;

    /// <summary>Encodes a message of the channel at the end of the batch.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="publication">The message.</param>
    /// <param name="size">Its <see cref="ServerMessageWriter.MessageSize"/>.</param>
    public void AppendMessage(ChannelName channel, in Publication publication, int size)
    {
        int start = Length;
        Reserve(FrameWriter.HeaderSize(size) + size);
        Length += FrameWriter.WriteHeader(_buffer.AsSpan(Length), Opcode.Text, size);
        ServerMessageWriter.Message(this, channel.Json, publication.Payload.Bytes, publication.Sender.Span, publication.Seq, publication.Time);
        Add(new FrameEntry(start, Length - start, publication.Seq, publication.Except, Presence: null));
    }

    /// <summary>Puts a frame at the end of a batch that belongs to no channel.</summary>
    public void Append(Opcode opcode, ReadOnlySpan<byte> payload) => Append(opcode, payload, presence: null);

    /// <summary>Puts a presence change or snapshot at the end of the batch.</summary>
    public void AppendPresence(ReadOnlySpan<byte> message, PresenceAudience audience) => Append(Opcode.Text, message, audience);

    public void Retain() => Interlocked.Increment(ref _references);

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) != 0)
            return;
        ArrayPool<byte>.Shared.Return(_buffer);
        _entries.AsSpan(0, Count).Clear();
        _buffer = [];
        Count = Length = 0;
        FirstSeq = LastSeq = 0;
        IsSelective = false;
        Trace = null;
        Pool.Return(this);
    }

    void IBufferWriter<byte>.Advance(int count) => Length += count;

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint) => throw new NotSupportedException("Messages are written to spans.");

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint)
    {
        Reserve(sizeHint);
        return _buffer.AsSpan(Length);
    }

    private void Append(Opcode opcode, ReadOnlySpan<byte> payload, PresenceAudience? presence)
    {
        int start = Length;
        Reserve(FrameWriter.HeaderSize(payload.Length) + payload.Length);
        Length += FrameWriter.WriteHeader(_buffer.AsSpan(Length), opcode, payload.Length);
        payload.CopyTo(_buffer.AsSpan(Length));
        Length += payload.Length;
        Add(new FrameEntry(start, Length - start, Seq: 0, Except: null, presence));
    }

    /// <summary>Makes space for more bytes. The first frame is given what it needs: a lone small frame in a queue must not hold a large buffer.</summary>
    private void Reserve(int bytes)
    {
        if (Length + bytes <= _buffer.Length)
            return;
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(Length + bytes, Math.Min(2 * Length, TargetBytes)));
        _buffer.AsSpan(0, Length).CopyTo(larger);
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private void Add(FrameEntry entry)
    {
        if (Count == _entries.Length)
            Array.Resize(ref _entries, 2 * Count);
        _entries[Count++] = entry;
        IsSelective |= entry.Except is not null || entry.Presence is not null;
        if (entry.Seq == 0)
            return;
        LastSeq = entry.Seq;
        if (FirstSeq == 0)
            FirstSeq = entry.Seq;
    }
}
