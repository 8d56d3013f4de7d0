using System.Buffers.Binary;
using System.Numerics;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// The checksum of a record, a CRC-32C, for which processors have an instruction. It shows that a gateway wrote the record in this version
/// of the format, and that the record is complete. A gateway writes only what it has validated, so the receiving node need not parse the
/// JSON of every message again. Stateless.
/// </summary>
internal static class RecordChecksum
{
    /// <summary>
    /// The checksum's start value, which makes records of another version look broken: those before 3 have no byte for the payload's kind.
    /// </summary>
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
