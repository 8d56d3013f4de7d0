using Gateway.Protocol.Messages;
using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// A channel in which this node has users, or to which it has subscribers. Used under the lock of <see cref="RedisPresence"/>.
/// </summary>
internal sealed class PresentChannel(ChannelName channel, RedisKeys keys)
{
    public ChannelName Channel { get; } = channel;

    public RedisKeys Keys { get; } = keys;

    public Dictionary<string, (PresentUser User, int Connections)> Users { get; } = [];

    /// <summary>Users that left while Redis did not answer. Redis may still have them.</summary>
    public HashSet<string> Departed { get; } = [];

    /// <summary>Whether subscribers on this node get the channel's changes.</summary>
    public bool IsWatched { get; set; }

    /// <summary>Whether changes have been arriving: after a new connection there may be a gap before the next.</summary>
    public bool WasAttached { get; set; }

    /// <summary>Whether changes, and perhaps Redis's data, were lost since the last repair.</summary>
    public bool IsSuspect { get; set; }

    /// <summary>Whether the entry was removed: another may have taken its place.</summary>
    public bool IsDropped { get; set; }

    /// <summary>The version up to which no change is missing; 0 while none is known.</summary>
    public long Version { get; set; }

    public bool IsGone => !IsWatched && Users.Count == 0 && Departed.Count == 0;

    /// <summary>Takes note of a change that arrived.</summary>
    /// <param name="before">The version that the change follows.</param>
    /// <param name="version">The version after the change.</param>
    /// <returns>False when there is a gap before the change: another was lost, or all of Redis's data.</returns>
    public bool TryFollow(long before, long version)
    {
        // A snapshot that was read meanwhile may be ahead of the changes on their way.
        if (version <= Version)
            return true;
        bool follows = Version == 0 || before == Version;
        Version = version;
        return follows;
    }

    /// <summary>Counts a connection less of a user.</summary>
    /// <returns>Whether it was the user's last.</returns>
    public bool Forget(string user)
    {
        if (!Users.TryGetValue(user, out var known))
            return false;
        if (known.Connections == 1)
            return Users.Remove(user);
        Users[user] = known with { Connections = known.Connections - 1 };
        return false;
    }
}
