using System.Buffers;

namespace Gateway.Server.Connections.Sending;

/// <summary>
/// What one system call sends: neighbouring frames of one batch, or several entries of a queue gathered in the thread's buffer. Immutable;
/// of the thread that took it, until it is kept.
/// </summary>
/// <param name="Frames">The frames, with the reference on their batch; without a batch where they were gathered.</param>
/// <param name="Length">Bytes to send.</param>
/// <param name="Count">Frames in it.</param>
internal readonly record struct Chunk(QueuedFrames Frames, int Length, int Count)
{
    /// <summary>
    /// Several frames are put together up to this for one send; a copy of small frames is far cheaper than a second system call.
    /// </summary>
    public const int MaxBytes = 64 * 1024;

    [ThreadStatic]
    private static byte[]? _gathered;

    /// <summary>The bytes, which are the thread's until its next chunk.</summary>
    public ReadOnlySpan<byte> Bytes => Frames.Batch is null ? _gathered.AsSpan(0, Length) : Frames.Bytes;

    /// <summary>Takes the entry that was the queue's first, with those behind it as far as one send goes.</summary>
    /// <param name="queue">The queue, whose lock the caller holds.</param>
    /// <param name="frames">The entry, which has been taken.</param>
    /// <param name="mayGather">Whether the output takes bytes alone, and does not care which frames they are.</param>
    public static Chunk Take(ref FrameQueue queue, QueuedFrames frames, bool mayGather)
    {
        int next = queue.FirstLength();
        if (next == 0 || frames.Length + next > MaxBytes || !mayGather)
            return new Chunk(frames, frames.Length, frames.Count);
        int length = 0, count = 0;
        _gathered ??= GC.AllocateUninitializedArray<byte>(MaxBytes);
        do
        {
            frames.Bytes.CopyTo(_gathered.AsSpan(length));
            length += frames.Length;
            count += frames.Count;
            frames.Batch!.Release();
            next = queue.FirstLength();
        }
        while (next > 0 && length + next <= MaxBytes && queue.TryDequeue(out frames));
        return new Chunk(default, length, count);
    }

    /// <summary>The bytes from an offset on, for a send that is waited for: the thread's buffer is needed again by then.</summary>
    /// <param name="sent">The offset.</param>
    /// <param name="copy">An array to give back to the shared pool; null where the bytes are the batch's.</param>
    public ReadOnlyMemory<byte> Keep(int sent, out byte[]? copy)
    {
        copy = null;
        if (Frames.Batch is not null)
            return Frames.Memory[sent..];
        copy = ArrayPool<byte>.Shared.Rent(Length - sent);
        Bytes[sent..].CopyTo(copy);
        return copy.AsMemory(0, Length - sent);
    }
}
