using System.Net;
using Gateway.Hosting;
using Gateway.Options;
using Gateway.Protocol.WebSockets;

namespace Gateway.Connections;

/// <summary>
/// Safe for any thread. How many WebSockets there may be: on the node, from one address, of one user. One lock for all counts
/// keeps them exact; it is taken when a connection comes and when it goes.
/// </summary>
internal sealed class ConnectionLimits(GatewayOptions options, OpenSockets sockets)
{
    /// <summary>When clients are told to come back to a full node. Another node has room at once, so it need not be short.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private static readonly UpgradeRefusal TooManyOfAddress = UpgradeRefusal.TooManyRequests with { Reason = "address_connections" };

    private readonly Lock _gate = new();
    private readonly LimitsOptions _limits = options.Limits;
    private readonly Dictionary<AddressKey, int> _addresses = [];
    private readonly Dictionary<string, int> _users = new(StringComparer.Ordinal);
    private int _taken;

    /// <summary>Places taken, addresses and users counted; all 0 when nobody is connected.</summary>
    public (int Taken, int Addresses, int Users) Counts
    {
        get
        {
            lock (_gate)
                return (_taken, _addresses.Count, _users.Count);
        }
    }

    /// <summary>Takes a place for a connection that is to be.</summary>
    /// <returns>To be disposed when the connection is over, or does not come about; null when there is no place.</returns>
    public ConnectionLease? TryAcquire(IPAddress address, out UpgradeRefusal? refusal)
    {
        lock (_gate)
        {
            refusal = sockets.IsFull || (_limits.Connections > 0 && _taken >= _limits.Connections)
                ? UpgradeRefusal.Unavailable with { Reason = "node_full", RetryAfter = RetryAfter }
                : !TryAdd(_addresses, AddressKey.Of(address), _limits.ConnectionsPerAddress) ? TooManyOfAddress : null;
            if (refusal is not null)
                return null;
            _taken++;
            return new ConnectionLease(this, address);
        }
    }

    internal bool TryIdentify(ConnectionLease lease, string user)
    {
        lock (_gate)
        {
            if (lease.User == user)
                return true;
            if (!TryAdd(_users, user, _limits.ConnectionsPerUser))
                return false;
            Remove(_users, lease.SetUser(user), _limits.ConnectionsPerUser);
            return true;
        }
    }

    internal void Release(ConnectionLease lease)
    {
        lock (_gate)
        {
            if (!lease.TryEnd())
                return;
            _taken--;
            Remove(_addresses, AddressKey.Of(lease.Address), _limits.ConnectionsPerAddress);
            Remove(_users, lease.User, _limits.ConnectionsPerUser);
        }
    }

    private static bool TryAdd<T>(Dictionary<T, int> counts, T key, int limit)
        where T : notnull
    {
        if (limit == 0)
            return true;
        int count = counts.GetValueOrDefault(key);
        if (count >= limit)
            return false;
        counts[key] = count + 1;
        return true;
    }

    private static void Remove<T>(Dictionary<T, int> counts, T? key, int limit)
        where T : notnull
    {
        if (limit == 0 || key is null)
            return;
        if (counts[key] == 1)
            counts.Remove(key);
        else
            counts[key]--;
    }
}
