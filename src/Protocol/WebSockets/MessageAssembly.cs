using System.Buffers;
using Gateway.Protocol.Compression;

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
    private bool _isCompressed;

    public readonly int Limit => limit;

    /// <summary>Whether a message has begun and not ended yet (RFC 6455 5.4).</summary>
    public readonly bool IsOpen => _opcode != Opcode.Continuation;

    /// <summary>Whether the message that has begun, or that was completed last, is compressed.</summary>
    public readonly bool IsCompressed => _isCompressed;

    public readonly int BufferedBytes => _buffer?.Length ?? 0;

    /// <summary>The number of bytes that the open message, or a new one, may still have on the wire.</summary>
    /// <param name="isCompressed">Whether the frame says that its message is; the first one of a message does.</param>
    public readonly int RoomFor(bool isCompressed) => MostBytes(isCompressed || _isCompressed) - _length;

    public void Open(Opcode opcode, bool isCompressed) => (_opcode, _isCompressed) = (opcode, isCompressed);

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
        return _opcode != Opcode.Text || _isCompressed || _text.TryAppend(added);
    }

    /// <summary>Puts the inflated message in the place of the compressed one, and lends its bytes until <see cref="Dispose"/>.</summary>
    /// <param name="buffer">An array of the shared pool; null for an empty message.</param>
    public void Replace(byte[]? buffer)
    {
        Dispose();
        _buffer = buffer;
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
    /// Makes room. Doubling keeps the copying linear in the message's size, which the header reader has checked against <see
    /// cref="RoomFor"/>.
    /// </summary>
    private void Reserve(int count)
    {
        int needed = _length + count;
        int held = BufferedBytes;
        if (needed <= held)
            return;
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(MostBytes(_isCompressed), Math.Max(needed, 2L * held)));
        if (_buffer is not null)
        {
            _buffer.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        _buffer = larger;
    }

    /// <summary>
    /// The most bytes of a message on the wire. One that does not compress is longer compressed: by a bit for each byte, where the sender
    /// uses the fixed codes.
    /// </summary>
    private readonly int MostBytes(bool isCompressed) => isCompressed ? Deflater.MaxBytes(limit) : limit;
}
