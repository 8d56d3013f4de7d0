using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Gateway.Server.Admission;

/// <summary>
/// One address as the limits count it: an IPv4 address, or the /64 of an IPv6 address, because one subscriber gets a whole /64. Immutable.
/// </summary>
internal readonly record struct AddressKey(ulong Bits, bool IsV6)
{
    public static AddressKey Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        address.TryWriteBytes(bytes, out _);
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? new AddressKey(BinaryPrimitives.ReadUInt64BigEndian(bytes), true)
            : new AddressKey(BinaryPrimitives.ReadUInt32BigEndian(bytes), false);
    }

    /// <summary>The address, or the first one of the /64.</summary>
    public IPAddress ToAddress()
    {
        if (!IsV6)
            return new IPAddress(ToArray());
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Bits);
        return new IPAddress(bytes);
    }

    /// <summary>As bytes, equal where the addresses are.</summary>
    public byte[] ToArray()
    {
        byte[] bytes = new byte[IsV6 ? 8 : 4];
        if (IsV6)
            BinaryPrimitives.WriteUInt64BigEndian(bytes, Bits);
        else
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)Bits);
        return bytes;
    }
}
