using Gateway.Protocol.Messages;
using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Redis;

/// <summary>A channel this node has users in, or subscribers to. Guarded by the lock of <see cref="RedisPresence"/>.</summary>
internal sealed class PresentChannel(ChannelName channel, RedisKeys keys)
{
    public ChannelName Channel { get; } = channel;

    public RedisKeys Keys { get; } = keys;

    public Dictionary<string, (PresentUser User, int Connections)> Users { get; } = [];

    /// <summary>Users who left while Redis did not answer, so that it may still have them.</summary>
    public HashSet<string> Departed { get; } = [];

    /// <summary>Whether somebody here is told who comes and goes.</summary>
    public bool IsWatched { get; set; }

    /// <summary>Whether its changes have been coming: after a new connection there may be a gap before the next.</summary>
    public bool WasAttached { get; set; }

    /// <summary>Whether changes were lost, and the data perhaps, since it was last put right.</summary>
    public bool IsSuspect { get; set; }

    /// <summary>Whether it was dropped: another entry may have taken its place.</summary>
    public bool IsDropped { get; set; }

    /// <summary>The version that is known to have been reached without a gap; 0 while none is known.</summary>
    public long Version { get; set; }

    public bool IsGone => !IsWatched && Users.Count == 0 && Departed.Count == 0;

    /// <summary>Goes on to a change that came.</summary>
    /// <param name="before">The version that the change follows.</param>
    /// <param name="version">The one it leads to.</param>
    /// <returns>False when there is a gap before it: a change was lost, or all of Redis's data.</returns>
    public bool TryFollow(long before, long version)
    {
        // A snapshot that was read meanwhile may be ahead of what is on its way.
        if (version <= Version)
            return true;
        bool follows = Version == 0 || before == Version;
        Version = version;
        return follows;
    }

    /// <summary>One connection of a user less.</summary>
    /// <returns>Whether it was the last.</returns>
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
