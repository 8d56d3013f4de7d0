using System.Security.Cryptography;
using System.Text;
using Gateway.Channels;
using Gateway.Protocol.Messages;
using StackExchange.Redis;

namespace Gateway.Backplane.Redis;

/// <summary>
/// Safe for any thread. This node's users on one shard: Redis hears of the first connection of a user and of the last, and, while
/// there is one, again before the entry expires; so the users of a node that died go by themselves.
/// </summary>
/// <remarks>Commands are issued under the lock, so that a leave cannot overtake the join before it. No other lock is taken under it.</remarks>
internal sealed class RedisPresence(string prefix, TimeSpan timeToLive)
{
    /// <summary>Users in one call, so that no call takes Redis long.</summary>
    private const int Batch = 100;

    private readonly Lock _gate = new();
    private readonly Dictionary<ChannelName, Dictionary<string, (PresentUser User, int Connections)>> _present = new(ChannelNameComparer.Instance);
    private readonly string _node = RandomNumberGenerator.GetHexString(12, lowercase: true);

    /// <summary>With the period of refreshing and sweeping, a quarter of the time to live, still within the time to live.</summary>
    private readonly long _expiry = (long)(timeToLive.TotalMilliseconds * 2 / 3);

    public TimeSpan Period { get; } = timeToLive / 4;

    public async Task<bool> JoinAsync(RedisConnection connection, ChannelName channel, PresentUser user)
    {
        Task<RedisResult?> call;
        lock (_gate)
        {
            if (!_present.TryGetValue(channel, out var users))
                _present.Add(channel, users = []);
            int connections = users.TryGetValue(user.Id, out var known) ? known.Connections : 0;
            users[user.Id] = (user, connections + 1);
            if (connections > 0)
                return true;
            call = CallJoinAsync(connection, channel, [user]);
        }
        if (await call.ConfigureAwait(false) is not null)
            return true;
        // What Redis took nevertheless expires.
        Forget(channel, user.Id);
        return false;
    }

    public Task LeaveAsync(RedisConnection? connection, ChannelName channel, string user)
    {
        lock (_gate)
            return Forget(channel, user) && connection is not null ? CallLeaveAsync(connection, channel, [user]) : Task.CompletedTask;
    }

    public async Task<PresenceState?> ListAsync(RedisConnection connection, ChannelName channel, int maxUsers)
    {
        var keys = new RedisKeys(prefix, channel);
        if (await connection.CallAsync(RedisScripts.List, Names(keys), [keys.Flow, maxUsers]).ConfigureAwait(false) is not { } answer)
            return null;
        var parts = (RedisResult[])answer!;
        if (parts.Length == 1)
            return new PresenceState(null, (int)parts[0]);
        var fields = (RedisResult[])parts[1]!;
        var users = new PresentUser[fields.Length / 2];
        for (int i = 0; i < users.Length; i++)
            users[i] = new PresentUser((string)fields[2 * i]!, (byte[])fields[(2 * i) + 1]!);
        return new PresenceState(users, users.Length);
    }

    /// <summary>Keeps this node's users, and lets those of nodes that died leave.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="watched">Channels somebody here is subscribed to.</param>
    public async Task RefreshAsync(RedisConnection connection, IEnumerable<ChannelName> watched)
    {
        var channels = new HashSet<ChannelName>(watched, ChannelNameComparer.Instance);
        lock (_gate)
            channels.UnionWith(_present.Keys);
        foreach (var channel in channels)
        {
            foreach (var users in Users(channel).Chunk(Batch).DefaultIfEmpty([]))
                await CallJoinAsync(connection, channel, users).ConfigureAwait(false);
        }
    }

    /// <summary>Before the node stops: its users leave at once.</summary>
    public async Task LeaveAllAsync(RedisConnection connection)
    {
        ChannelName[] channels;
        lock (_gate)
            channels = [.. _present.Keys];
        foreach (var channel in channels)
        {
            foreach (var users in Users(channel).Chunk(Batch))
                await CallLeaveAsync(connection, channel, [.. users.Select(user => user.Id)]).ConfigureAwait(false);
        }
    }

    private PresentUser[] Users(ChannelName channel)
    {
        lock (_gate)
            return _present.TryGetValue(channel, out var users) ? [.. users.Values.Select(present => present.User)] : [];
    }

    /// <returns>Whether it was the last connection.</returns>
    private bool Forget(ChannelName channel, string user)
    {
        lock (_gate)
        {
            if (!_present.TryGetValue(channel, out var users) || !users.TryGetValue(user, out var known))
                return false;
            if (known.Connections > 1)
            {
                users[user] = known with { Connections = known.Connections - 1 };
                return false;
            }
            users.Remove(user);
            if (users.Count == 0)
                _present.Remove(channel);
            return true;
        }
    }

    private Task<RedisResult?> CallJoinAsync(RedisConnection connection, ChannelName channel, PresentUser[] users)
    {
        var keys = new RedisKeys(prefix, channel);
        RedisValue[] values = [keys.Flow, _expiry, _node, .. users.SelectMany(user => new RedisValue[] { Encoding.UTF8.GetBytes(user.Id), user.Info.ToArray() })];
        return connection.CallAsync(RedisScripts.Join, Names(keys), values);
    }

    private Task<RedisResult?> CallLeaveAsync(RedisConnection connection, ChannelName channel, string[] users)
    {
        var keys = new RedisKeys(prefix, channel);
        return connection.CallAsync(RedisScripts.Leave, Names(keys), [keys.Flow, _node, .. users.Select(user => (RedisValue)Encoding.UTF8.GetBytes(user))]);
    }

    private static RedisKey[] Names(RedisKeys keys) => [keys.Users, keys.Nodes, keys.Expiry];
}
