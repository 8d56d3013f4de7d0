using System.Buffers.Binary;

namespace Gateway.Server.Backplane.Redis;

/// <summary>Goes through the records of an envelope. For one thread; points into the bytes it was read from.</summary>
internal ref struct MessageRecords(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>The body that <see cref="MoveNext"/> found.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    public readonly MessageRecords GetEnumerator() => this;

    /// <summary>Whether there is a record, and all of them are whole and followed by nothing.</summary>
    public static bool AreWhole(ReadOnlySpan<byte> bytes, out int count)
    {
        var records = new MessageRecords(bytes);
        for (count = 0; records.MoveNext(); count++)
        {
            if (!MessageBody.IsWhole(records.Current))
                return false;
        }
        return count > 0 && records._rest.IsEmpty;
    }

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
