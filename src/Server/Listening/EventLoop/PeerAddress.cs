using System.Buffers.Binary;
using System.Net;

namespace Gateway.Server.Listening.EventLoop;

/// <summary>
/// Reads the kernel's form of a socket's address. Of one thread: it remembers the addresses of late, so that connections of the same one,
/// such as a proxy's, share an object.
/// </summary>
internal sealed class PeerAddress
{
    /// <summary>Addresses remembered; one with the same hash takes another's place.</summary>
    private const int Known = 64;

    /// <summary>Room for either version.</summary>
    public const int MaxBytes = 28;

    private const int V6 = 10;

    private readonly IPAddress?[] _known = new IPAddress?[Known];

    /// <summary>Reads an address of either version. IPv4 that came in by a socket for both is IPv4.</summary>
    public IPEndPoint Read(ReadOnlySpan<byte> address)
    {
        int port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        if (BinaryPrimitives.ReadUInt16LittleEndian(address) != V6)
            return new IPEndPoint(Shared(address.Slice(4, 4), scope: 0), port);
        var bytes = address.Slice(8, 16);
        bool isMapped = bytes[..10].IndexOfAnyExcept((byte)0) < 0 && bytes[10] == 0xFF && bytes[11] == 0xFF;
        if (isMapped)
            return new IPEndPoint(Shared(bytes[12..], scope: 0), port);
        return new IPEndPoint(Shared(bytes, BinaryPrimitives.ReadUInt32LittleEndian(address[24..])), port);
    }

    private IPAddress Shared(ReadOnlySpan<byte> bytes, long scope)
    {
        HashCode hash = default;
        hash.AddBytes(bytes);
        ref var known = ref _known[(uint)hash.ToHashCode() % Known];
        Span<byte> found = stackalloc byte[16];
        if (known is null || !known.TryWriteBytes(found, out int length) || !bytes.SequenceEqual(found[..length])
            || (length == 16 && known.ScopeId != scope))
        {
            known = bytes.Length == 4 ? new IPAddress(bytes) : new IPAddress(bytes, scope);
        }
        return known;
    }
}
