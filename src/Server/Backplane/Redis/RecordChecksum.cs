using System.Buffers.Binary;
using System.Numerics;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// Stateless. What shows that a record is one that a gateway wrote, whole, in this version of the format: a CRC-32C, for which processors
/// have an instruction. A gateway writes only what it has checked, so this saves the receiving node reading JSON once more for every
/// message.
/// </summary>
internal static class RecordChecksum
{
    /// <summary>Where it begins: records of version 2 and older, which have no byte that says what they are, are as good as broken.</summary>
    private const uint Version = 3;

    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint checksum = ~Version;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            checksum = BitOperations.Crc32C(checksum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte value in bytes)
            checksum = BitOperations.Crc32C(checksum, value);
        return ~checksum;
    }
}
