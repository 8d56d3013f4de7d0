using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Gateway.Protocol.WebSockets;

/// <summary>
/// Checks that text which arrives in pieces is UTF-8 (RFC 6455 8.1). It holds no more of the text than the first three bytes of a
/// character. Part of one reader's state, and not safe for several threads.
/// </summary>
internal struct Utf8Validator
{
    private const int MaxPending = 3;

    // Little-endian: the first byte is the lowest.
    private uint _pending;
    private byte _pendingCount;

    /// <summary>Whether the text so far ends with a whole character.</summary>
    public readonly bool IsComplete => _pendingCount == 0;

    /// <summary>
    /// Adds the next bytes. After false, only <see cref="Reset"/> makes the validator usable again.
    /// </summary>
    /// <returns>
    /// False as soon as the bytes so far cannot begin valid UTF-8, even inside a character: E0 80, ED A0, F0 80, F4 90, C0, F5.
    /// </returns>
    public bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        if (_pendingCount > 0 && !TryCompletePending(ref bytes))
            return false;
        int tail = IncompleteTail(bytes);
        if (!Utf8.IsValid(bytes[..^tail]))
            return false;
        foreach (byte b in bytes[^tail..])
            Append(b);
        return true;
    }

    public void Reset() => this = default;

    /// <summary>Takes bytes until the pending character is whole, or no bytes are left.</summary>
    private bool TryCompletePending(ref ReadOnlySpan<byte> bytes)
    {
        Span<byte> character = stackalloc byte[sizeof(uint)];
        while (!bytes.IsEmpty)
        {
            Append(bytes[0]);
            bytes = bytes[1..];
            BinaryPrimitives.WriteUInt32LittleEndian(character, _pending);
            switch (Rune.DecodeFromUtf8(character[.._pendingCount], out _, out _))
            {
                case OperationStatus.Done:
                    Reset();
                    return true;
                case OperationStatus.InvalidData:
                    return false;
            }
        }
        return true;
    }

    private void Append(byte value)
    {
        _pending |= (uint)value << (8 * _pendingCount);
        _pendingCount++;
    }

    /// <summary>The number of bytes at the end that begin a character which may still become whole. 0 also where they never can.</summary>
    private static int IncompleteTail(ReadOnlySpan<byte> bytes)
    {
        for (int length = 1; length <= Math.Min(MaxPending, bytes.Length); length++)
        {
            byte b = bytes[^length];
            if (b < 0x80)
                return 0;
            if (b >= 0xC0)
                return Rune.DecodeFromUtf8(bytes[^length..], out _, out _) == OperationStatus.NeedMoreData ? length : 0;
        }
        return 0;
    }
}
