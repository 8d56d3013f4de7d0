using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Gateway.Protocol.WebSockets;

/// <summary>The XOR of RFC 6455 5.3, which masks and unmasks alike. Stateless, so any thread may call it with data of its own.</summary>
internal static class Masking
{
    /// <summary>
    /// Applies the key in place, with the widest vectors first.
    /// </summary>
    /// <param name="data">The bytes to mask or unmask.</param>
    /// <param name="key">The header's four key bytes, read little-endian.</param>
    /// <returns>The key, turned to the byte that follows the data, so that a payload may come in pieces.</returns>
    public static uint Apply(Span<byte> data, uint key)
    {
        // A multi-byte lane must hold the key's bytes in the order they lie in memory.
        uint lane = BitConverter.IsLittleEndian ? key : BinaryPrimitives.ReverseEndianness(key);
        uint next = BitOperations.RotateRight(key, 8 * (data.Length & 3));
        if (Vector512.IsHardwareAccelerated && data.Length >= Vector512<byte>.Count)
        {
            var mask = Vector512.Create(lane).AsByte();
            var blocks = MemoryMarshal.Cast<byte, Vector512<byte>>(data);
            foreach (ref var block in blocks)
                block ^= mask;
            data = data[(blocks.Length * Vector512<byte>.Count)..];
        }
        if (Vector256.IsHardwareAccelerated && data.Length >= Vector256<byte>.Count)
        {
            var mask = Vector256.Create(lane).AsByte();
            var blocks = MemoryMarshal.Cast<byte, Vector256<byte>>(data);
            foreach (ref var block in blocks)
                block ^= mask;
            data = data[(blocks.Length * Vector256<byte>.Count)..];
        }
        if (Vector128.IsHardwareAccelerated && data.Length >= Vector128<byte>.Count)
        {
            var mask = Vector128.Create(lane).AsByte();
            var blocks = MemoryMarshal.Cast<byte, Vector128<byte>>(data);
            foreach (ref var block in blocks)
                block ^= mask;
            data = data[(blocks.Length * Vector128<byte>.Count)..];
        }
        // This loop has more than one round only where there are no vectors.
        var longs = MemoryMarshal.Cast<byte, ulong>(data);
        foreach (ref ulong word in longs)
            word ^= ((ulong)lane << 32) | lane;
        data = data[(longs.Length * sizeof(ulong))..];
        if (data.Length >= sizeof(uint))
        {
            MemoryMarshal.Cast<byte, uint>(data)[0] ^= lane;
            data = data[sizeof(uint)..];
        }
        foreach (ref byte b in data)
        {
            b ^= (byte)key;
            key >>= 8;
        }
        return next;
    }
}
