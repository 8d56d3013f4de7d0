using System.Net;
using Gateway.Server.Audit;
using Gateway.Server.Metrics;
using Gateway.Server.Options;

namespace Gateway.Server.Admission;

/// <summary>
/// The accepted sockets of the public port by address, at most <c>Limits:SocketsPerAddress</c> each, whatever they are for. Safe for any
/// thread; used by the connection middleware that knows the client's address first.
/// </summary>
internal sealed class AddressSockets(GatewayOptions options, ClientAddresses addresses, AuditLog audit)
{
    private readonly Lock _gate = new();
    private readonly CountPerKey<AddressKey> _counts = new(options.Limits.SocketsPerAddress);

    /// <summary>Addresses that have sockets; 0 when all are gone.</summary>
    public int Addresses
    {
        get
        {
            lock (_gate)
                return _counts.Keys;
        }
    }

    /// <summary>Counts one more of its address. False when there are too many: the caller returns, and Kestrel closes the socket.</summary>
    public bool TryAdd(EndPoint? peer)
    {
        if (CountedAddress(peer) is not { } address)
            return true;
        lock (_gate)
        {
            if (_counts.TryAdd(AddressKey.Of(address)))
                return true;
        }
        audit.Aborted(peer, AbortReason.AddressSockets);
        return false;
    }

    /// <summary>Undoes one <see cref="TryAdd"/> that returned true.</summary>
    public void Remove(EndPoint? peer)
    {
        if (CountedAddress(peer) is not { } address)
            return;
        lock (_gate)
            _counts.Remove(AddressKey.Of(address));
    }

    /// <summary>Null for a trusted proxy: its sockets carry the requests of many, who are counted by what it forwards.</summary>
    private IPAddress? CountedAddress(EndPoint? peer) =>
        peer is IPEndPoint { Address: var address } && !addresses.IsTrusted(address) ? address : null;
}
