using System.Buffers.Binary;

namespace Gateway.Backplane.Redis;

/// <summary>For one thread; points into the bytes it was read from. Goes through the records of an envelope; ends at what is cut off.</summary>
internal ref struct MessageRecords(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>The body that <see cref="MoveNext"/> found.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    public readonly MessageRecords GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_rest.Length < sizeof(int))
            return false;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(_rest);
        if (length > _rest.Length - sizeof(int))
            return false;
        Current = _rest.Slice(sizeof(int), (int)length);
        _rest = _rest[(sizeof(int) + (int)length)..];
        return true;
    }
}
