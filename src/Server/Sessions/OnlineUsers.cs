using System.Runtime.InteropServices;
using Gateway.Server.Backplane;

namespace Gateway.Server.Sessions;

/// <summary>
/// Counts each user's connections on this node; the backplane hears of the first and of the last. Not registered where nobody wants to know
/// who is online. Safe for any thread.
/// </summary>
internal sealed class OnlineUsers(IOccupancy occupancy)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _connections = new(StringComparer.Ordinal);

    /// <summary>Counts one more connection.</summary>
    public void Add(string user)
    {
        lock (_gate)
        {
            if (++CollectionsMarshal.GetValueRefOrAddDefault(_connections, user, out _) == 1)
                occupancy.Enter(OccupancyKind.User, user);
        }
    }

    /// <summary>Undoes one <see cref="Add"/>.</summary>
    public void Remove(string user)
    {
        lock (_gate)
        {
            if (--CollectionsMarshal.GetValueRefOrNullRef(_connections, user) > 0)
                return;
            _connections.Remove(user);
            occupancy.Leave(OccupancyKind.User, user);
        }
    }
}
