using System.Net;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Options;

namespace Gateway.Server.Admission;

/// <summary>
/// How many WebSockets and streams there may be: on the node, from one address, of one user. Safe for any thread. One lock for the counts
/// of the node keeps them exact; it is taken when a connection comes and when it goes. Users are counted apart, for all nodes together.
/// </summary>
internal sealed class ConnectionLimits(GatewayOptions options, OpenSockets sockets, UserLimit users)
{
    /// <summary>When clients are told to come back to a full node. Another node has room at once, so it need not be short.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private static readonly HandshakeRefusal TooManyOfAddress = HandshakeRefusal.TooManyRequests with { Reason = "address_connections" };

    private readonly Lock _gate = new();
    private readonly int _limit = options.Limits.Connections;
    private readonly CountPerKey<AddressKey> _addresses = new(options.Limits.ConnectionsPerAddress);
    private int _taken;

    /// <summary>Places taken, addresses and users counted; all 0 when nobody is connected.</summary>
    public (int Taken, int Addresses, int Users) Counts
    {
        get
        {
            lock (_gate)
                return (_taken, _addresses.Keys, users.Users);
        }
    }

    /// <summary>Takes a place for a connection that is to be.</summary>
    /// <returns>To be disposed when the connection is over, or does not come about; null when there is no place.</returns>
    public CountedLease? TryAcquire(IPAddress address, out HandshakeRefusal? refusal)
    {
        lock (_gate)
        {
            refusal = sockets.IsFull || (_limit > 0 && _taken >= _limit)
                ? HandshakeRefusal.Unavailable with { Reason = "node_full", RetryAfter = RetryAfter }
                : !_addresses.TryAdd(AddressKey.Of(address)) ? TooManyOfAddress : null;
            if (refusal is not null)
                return null;
            _taken++;
            return new CountedLease(this, address);
        }
    }

    internal ValueTask<bool> IdentifyAsync(CountedLease lease, string user) => users.IdentifyAsync(lease, user);

    internal void Release(CountedLease lease)
    {
        lock (_gate)
        {
            if (!lease.TryEnd())
                return;
            _taken--;
            _addresses.Remove(AddressKey.Of(lease.Address));
        }
        users.Release(lease);
    }
}
