using Gateway.Protocol.Messages;

namespace Gateway.Server.Backplane.Memory;

/// <summary>The users in one channel, each with the number of connections. Guarded by its shard's lock.</summary>
internal sealed class PresenceSet
{
    private readonly Dictionary<string, (PresentUser User, int Connections)> _users = [];

    public int Count => _users.Count;

    /// <summary>That of the last change.</summary>
    public long Version { get; set; }

    /// <returns>Whether this is the user's first connection here.</returns>
    public bool Join(PresentUser user)
    {
        int connections = _users.TryGetValue(user.Id, out var present) ? present.Connections : 0;
        _users[user.Id] = (user, connections + 1);
        return connections == 0;
    }

    /// <returns>The user, if this was the last connection here; otherwise null.</returns>
    public PresentUser? Leave(string user)
    {
        if (!_users.TryGetValue(user, out var present))
            return null;
        if (present.Connections > 1)
        {
            _users[user] = present with { Connections = present.Connections - 1 };
            return null;
        }
        _users.Remove(user);
        return present.User;
    }

    public PresenceSnapshot Snapshot(int maxUsers) =>
        new(new PresenceState(Count <= maxUsers ? [.. _users.Values.Select(present => present.User)] : null, Count), Version);
}
