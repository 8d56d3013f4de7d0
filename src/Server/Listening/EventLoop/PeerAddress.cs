using System.Buffers.Binary;
using System.Net;

namespace Gateway.Server.Listening.EventLoop;

/// <summary>The kernel's form of a socket's address.</summary>
internal static class PeerAddress
{
    /// <summary>Room for either version.</summary>
    public const int MaxBytes = 28;

    private const int V6 = 10;

    /// <summary>Reads an address of either version. IPv4 that came in by a socket for both is IPv4.</summary>
    public static IPEndPoint Read(ReadOnlySpan<byte> address)
    {
        int port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        if (BinaryPrimitives.ReadUInt16LittleEndian(address) != V6)
            return new IPEndPoint(new IPAddress(address.Slice(4, 4)), port);
        var bytes = address.Slice(8, 16);
        bool isMapped = bytes[..10].IndexOfAnyExcept((byte)0) < 0 && bytes[10] == 0xFF && bytes[11] == 0xFF;
        if (isMapped)
            return new IPEndPoint(new IPAddress(bytes[12..]), port);
        return new IPEndPoint(new IPAddress(bytes, BinaryPrimitives.ReadUInt32LittleEndian(address[24..])), port);
    }
}
