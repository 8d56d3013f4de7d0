using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Gateway.Protocol.WebSockets;

/// <summary>
/// Not thread-safe: part of one reader's state. Checks text that arrives in pieces (RFC 6455 8.1), holding no more of it than
/// the up to three bytes of a character that is still incomplete.
/// </summary>
public struct Utf8Validator
{
    private const int MaxPending = 3;

    private uint _pending; // little-endian: the first byte lowest
    private byte _pendingCount;

    /// <summary>Whether the text so far ends at a character's end.</summary>
    public readonly bool IsComplete => _pendingCount == 0;

    /// <summary>
    /// False as soon as the bytes so far cannot begin valid UTF-8, even inside a character: E0 80, ED A0, F0 80, F4 90, C0, F5.
    /// After that only <see cref="Reset"/> gives the validator a meaning again.
    /// </summary>
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

    /// <summary>Takes bytes until the pending character is whole or there are none left.</summary>
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

    /// <summary>How many bytes at the end begin a character that may yet become whole; 0 also where they never can.</summary>
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
