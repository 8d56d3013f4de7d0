using System.Buffers;

namespace Gateway.Protocol.WebSockets;

/// <summary>
/// A message that arrives in several pieces: fragments, or parts of one frame. They are appended to a pooled buffer that grows with the
/// received bytes, and never with the length that a header announces. Part of one reader's state, and not safe for several threads.
/// </summary>
internal struct MessageAssembly(int limit) : IDisposable
{
    /// <summary>
    /// The bytes that the headers of a message's fragments may have beyond the message's own limit: room for any sensible fragmentation,
    /// and an end to empty fragments.
    /// </summary>
    private const int FreeHeaderBytes = 64 * 1024;

    private byte[]? _buffer;
    private int _length;
    private int _headers;
    private Utf8Validator _text;
    // Continuation, which starts no message, stands for none.
    private Opcode _opcode;

    public readonly int Limit => limit;

    /// <summary>Whether a message has begun and not ended yet (RFC 6455 5.4).</summary>
    public readonly bool IsOpen => _opcode != Opcode.Continuation;

    /// <summary>The number of bytes that the open message, or a new one, may still have.</summary>
    public readonly int Room => limit - _length;

    public readonly int BufferedBytes => _buffer?.Length ?? 0;

    public void Open(Opcode opcode) => _opcode = opcode;

    /// <summary>Counts one more frame of the message.</summary>
    /// <returns>False when the headers of its frames exceed their limit.</returns>
    public bool TryAddFrame(int headerBytes)
    {
        _headers += headerBytes;
        return _headers <= limit + FreeHeaderBytes;
    }

    /// <summary>Copies and unmasks more of the message, and turns the key to the next byte.</summary>
    /// <returns>False when the message can no longer be valid text.</returns>
    public bool TryAppend(ReadOnlySpan<byte> masked, ref uint key)
    {
        if (masked.IsEmpty)
            return true;
        Reserve(masked.Length);
        var added = _buffer.AsSpan(_length, masked.Length);
        masked.CopyTo(added);
        key = Masking.Apply(added, key);
        _length += masked.Length;
        return _opcode != Opcode.Text || _text.TryAppend(added);
    }

    /// <summary>Ends the message, and lends its bytes until <see cref="Dispose"/>.</summary>
    /// <returns>False when a text ends inside a character.</returns>
    public bool TryComplete(out Opcode opcode, out ReadOnlyMemory<byte> payload)
    {
        opcode = _opcode;
        payload = _buffer.AsMemory(0, _length);
        bool isWhole = _text.IsComplete;
        _opcode = Opcode.Continuation;
        _length = 0;
        _headers = 0;
        return isWhole;
    }

    /// <summary>Drops the message and gives the buffer back. A new message may be opened.</summary>
    public void Dispose()
    {
        if (_buffer is not null)
            ArrayPool<byte>.Shared.Return(_buffer);
        this = new MessageAssembly(limit);
    }

    /// <summary>
    /// Makes room. Doubling keeps the copying linear in the message's size, which the header reader has checked against <see cref="Room"/>.
    /// </summary>
    private void Reserve(int count)
    {
        int needed = _length + count;
        int held = BufferedBytes;
        if (needed <= held)
            return;
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(limit, Math.Max(needed, 2L * held)));
        if (_buffer is not null)
        {
            _buffer.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        _buffer = larger;
    }
}
