using Gateway.Channels;
using Gateway.Protocol.Messages;

namespace Gateway.Backplane.Redis;

/// <summary>Under the lock of <see cref="RedisPresence"/>. A channel this node has users in, or subscribers to.</summary>
internal sealed class PresentChannel(ChannelName channel, RedisKeys keys)
{
    public ChannelName Channel { get; } = channel;

    public RedisKeys Keys { get; } = keys;

    public Dictionary<string, (PresentUser User, int Connections)> Users { get; } = [];

    /// <summary>Whether somebody here is told who comes and goes.</summary>
    public bool IsWatched { get; set; }

    public bool IsGone => !IsWatched && Users.Count == 0;

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
