using System.Buffers;

namespace Gateway.Protocol.WebSockets;

/// <summary>
/// Not thread-safe: part of one reader's state. A message that did not arrive in one piece: fragments, or parts of one frame,
/// appended to a pooled buffer that grows with the bytes that came, never with the length a header announced.
/// </summary>
internal struct MessageAssembly(int limit) : IDisposable
{
    /// <summary>What the headers of a message's fragments may take beside as much as the message: room for any sensible cut, an end to empty ones.</summary>
    private const int FreeHeaderBytes = 64 * 1024;

    private byte[]? _buffer;
    private int _length;
    private int _headers;
    private Utf8Validator _text;
    private Opcode _opcode; // Continuation, which starts no message, stands for none

    public readonly int Limit => limit;

    /// <summary>Whether a message has begun and not ended (RFC 6455 5.4).</summary>
    public readonly bool IsOpen => _opcode != Opcode.Continuation;

    /// <summary>How many more bytes the open message, or a new one, may have.</summary>
    public readonly int Room => limit - _length;

    public readonly int BufferedBytes => _buffer?.Length ?? 0;

    public void Open(Opcode opcode) => _opcode = opcode;

    /// <summary>Counts one more frame of the message. False when it comes in more pieces than anybody needs.</summary>
    public bool TryAddFrame(int headerBytes)
    {
        _headers += headerBytes;
        return _headers <= limit + FreeHeaderBytes;
    }

    /// <summary>Copies and unmasks more of the message, turning the key on. False when it can no longer be valid text.</summary>
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

    /// <summary>
    /// Ends the message and lends its bytes, until <see cref="Dispose"/>. False when text ends inside a character.
    /// </summary>
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

    /// <summary>Drops what was gathered and gives the buffer back; a new message may be opened.</summary>
    public void Dispose()
    {
        if (_buffer is not null)
            ArrayPool<byte>.Shared.Return(_buffer);
        this = new MessageAssembly(limit);
    }

    /// <summary>Doubling keeps the copying linear in the message; the header has been held against <see cref="Room"/>.</summary>
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
