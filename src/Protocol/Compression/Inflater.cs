using System.Buffers;
using System.Runtime.ConstrainedExecution;
using System.Runtime.InteropServices;

namespace Gateway.Protocol.Compression;

/// <summary>
/// Inflates whole messages, one after the other, each by itself (RFC 7692 section 7.2.2). Holds some 40 KB outside of the heap, so a few
/// serve all connections: <see cref="Shared"/>. Not safe for several threads.
/// </summary>
internal sealed unsafe class Inflater : CriticalFinalizerObject, IDisposable
{
    /// <summary>For whoever inflates: it takes one for a message that is complete, and so never waits with it.</summary>
    public static readonly BoundedPool<Inflater> Shared = new(static () => new Inflater());

    /// <summary>
    /// Final blocks in a message. One is allowed (7.2.3.4) and hardly ever sent; each has the inflater begin anew, which costs far more
    /// than the two bytes that ask for it.
    /// </summary>
    private const int MaxFinalBlocks = 16;

    private const int FirstBytes = 256;

    private ZLib.Stream* _stream = (ZLib.Stream*)NativeMemory.AllocZeroed((nuint)sizeof(ZLib.Stream));

    public Inflater()
    {
        if (ZLib.StartInflating(_stream) != ZLib.Ok)
            throw new InvalidOperationException("zlib does not start.");
    }

    ~Inflater() => Free();

    /// <summary>
    /// What goes behind a message: the lengths that its sender took off, and a last empty block. A message that was cut, or goes on behind
    /// its end, does not come to that block.
    /// </summary>
    private static ReadOnlySpan<byte> Tail => [0x00, 0x00, 0xFF, 0xFF, 0x01, 0x00, 0x00, 0xFF, 0xFF];

    /// <summary>Inflates a message into pooled memory, and stops as soon as it is too large.</summary>
    /// <param name="message">The message as it came.</param>
    /// <param name="limit">The most bytes that it may become.</param>
    /// <param name="buffer">An array of the shared pool, which is the caller's from now on; null unless done, or for an empty one.</param>
    /// <param name="length">Bytes in it.</param>
    public InflateOutcome Inflate(ReadOnlySpan<byte> message, int limit, out byte[]? buffer, out int length)
    {
        ObjectDisposedException.ThrowIf(_stream is null, this);
        buffer = null;
        length = 0;
        // No block at all. A sender should write an empty one (7.2.3.6); some leave out that too.
        if (message.IsEmpty)
            return InflateOutcome.Done;
        var outcome = InflateAll(message, limit, ref buffer, out length);
        if (outcome == InflateOutcome.Done)
            return outcome;
        if (buffer is not null)
            ArrayPool<byte>.Shared.Return(buffer);
        (buffer, length) = (null, 0);
        return outcome;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private InflateOutcome InflateAll(ReadOnlySpan<byte> message, int limit, ref byte[]? buffer, out int length)
    {
        length = 0;
        int finalBlocks = 0;
        bool isAtTail = false;
        StartAnew();
        fixed (byte* start = message, tail = Tail)
        {
            _stream->NextIn = start;
            _stream->AvailableIn = (uint)message.Length;
            while (true)
            {
                if (buffer is null || length == buffer.Length)
                    Grow(ref buffer, length, message.Length, limit);
                // One byte more than is allowed: so much shows that the message is too large.
                var room = buffer.AsSpan(0, (int)Math.Min(buffer!.Length, limit + 1L));
                int result = InflateInto(room, ref length);
                if (length > limit)
                    return InflateOutcome.TooLarge;
                bool isUsedUp = _stream->AvailableIn == 0;
                if (result == ZLib.StreamEnd)
                {
                    if (isAtTail && isUsedUp)
                        return InflateOutcome.Done;
                    if (++finalBlocks > MaxFinalBlocks)
                        return InflateOutcome.Invalid;
                    StartAnew();
                }
                else if (result is not (ZLib.Ok or ZLib.BufferError))
                {
                    return result == ZLib.MemoryError ? throw new InsufficientMemoryException() : InflateOutcome.Invalid;
                }
                else if (length == room.Length)
                {
                    // There may be more than there was room for.
                    continue;
                }
                else if (isAtTail)
                {
                    return InflateOutcome.Invalid;
                }
                if (!isUsedUp || isAtTail)
                    continue;
                isAtTail = true;
                _stream->NextIn = tail;
                _stream->AvailableIn = (uint)Tail.Length;
            }
        }
    }

    private int InflateInto(Span<byte> room, ref int length)
    {
        fixed (byte* output = room)
        {
            _stream->NextOut = output + length;
            _stream->AvailableOut = (uint)(room.Length - length);
            int result = ZLib.Inflate(_stream, ZLib.SyncFlush);
            length = room.Length - (int)_stream->AvailableOut;
            return result;
        }
    }

    private static void Grow(ref byte[]? buffer, int length, int messageBytes, int limit)
    {
        long wanted = buffer is null ? Math.Max(FirstBytes, 4L * messageBytes) : 2L * length;
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(wanted, limit + 1L));
        if (buffer is not null)
        {
            buffer.AsSpan(0, length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
        }
        buffer = larger;
    }

    private void StartAnew()
    {
        if (ZLib.StartAnew(_stream) != ZLib.Ok)
            throw new InvalidOperationException("zlib does not start anew.");
    }

    private void Free()
    {
        if (_stream is null)
            return;
        _ = ZLib.EndInflating(_stream);
        NativeMemory.Free(_stream);
        _stream = null;
    }
}
