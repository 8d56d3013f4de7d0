using System.Buffers;
using Gateway.Server.Backplane;
using Gateway.Server.Naming;
using Microsoft.Extensions.ObjectPool;

namespace Gateway.Server.Channels;

/// <summary>
/// Frames in one encoding, back to back: messages of a channel, which a subscriber that wants them all takes in one copy, or replies to one
/// client. Written by one thread, then read by any until the last reference is released.
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

    public FrameEncoding Encoding { get; private set; } = null!;

    /// <summary>Frames in the batch.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes in the batch.</summary>
    public int Length { get; private set; }

    /// <summary>The first message's seq; 0 without history.</summary>
    public long FirstSeq { get; private set; }

    /// <summary>The last message's seq; 0 without history.</summary>
    public long LastSeq { get; private set; }

    /// <summary>Whether some frame is not for every subscriber.</summary>
    public bool IsSelective { get; private set; }

    /// <summary>By how much it is smaller than the frames that it was made from.</summary>
    public int SavedBytes { get; set; }

    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, Length);

    public ReadOnlySpan<FrameEntry> Entries => _entries.AsSpan(0, Count);

    /// <summary>An empty batch with one reference, the caller's.</summary>
    public static FrameBatch Rent(FrameEncoding encoding)
    {
        var batch = Pool.Get();
        batch._references = 1;
        batch.Encoding = encoding;
        return batch;
    }

    public bool HasRoomFor(int bytes) => Count == 0 || Length + bytes <= TargetBytes;

    public void AppendMessage(ChannelName channel, in Publication publication)
    {
        int start = Length;
        Encoding.WriteMessage(this, channel, publication);
        Add(new FrameEntry(start, Length - start, publication.Seq, publication.Except, Presence: null));
    }

    public void AppendPresence(ChannelName channel, PresenceMessage presence, PresenceAudience audience)
    {
        int start = Length;
        Encoding.WritePresence(this, channel, presence);
        Add(new FrameEntry(start, Length - start, Seq: 0, Except: null, audience));
    }

    /// <summary>Makes a frame, a reply, of what was written since <paramref name="start"/>.</summary>
    /// <param name="start">The batch's length before.</param>
    /// <param name="mark">What the reply does to a position; null for nothing.</param>
    public void EndFrame(int start, PositionMark? mark = null) =>
        Add(new FrameEntry(start, Length - start, Seq: 0, Except: null, Presence: null) { Mark = mark });

    /// <summary>Makes a frame of what was written since <paramref name="start"/>, with the facts of another one.</summary>
    public void EndFrame(int start, in FrameEntry like) => Add(like with { Start = start, Length = Length - start });

    public void Retain() => Interlocked.Increment(ref _references);

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) != 0)
            return;
        ArrayPool<byte>.Shared.Return(_buffer);
        _entries.AsSpan(0, Count).Clear();
        _buffer = [];
        Count = Length = SavedBytes = 0;
        FirstSeq = LastSeq = 0;
        IsSelective = false;
        Pool.Return(this);
    }

    /// <summary>Space for at least so many bytes behind what is written; <see cref="Advance"/> says how many were used.</summary>
    public Span<byte> GetSpan(int sizeHint)
    {
        Reserve(Math.Max(1, sizeHint));
        return _buffer.AsSpan(Length);
    }

    public void Advance(int count) => Length += count;

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint) => throw new NotSupportedException("Messages are written to spans.");

    /// <summary>
    /// Makes space for more bytes. The first frame is given what it needs: a lone small frame in a queue must not hold a large buffer.
    /// </summary>
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
