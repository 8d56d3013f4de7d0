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
/// <remarks>Changes are asked for under the lock, in turn, so that none overtakes the one before it. No other lock but the queue's is taken under it.</remarks>
internal sealed class RedisPresence
{
    /// <summary>Users in one call, so that no call takes Redis long.</summary>
    private const int Batch = 100;

    /// <summary>Channels refreshed at a time: half of what may be under way, so that subscribing does not wait for all of them.</summary>
    private const int Channels = 64;

    private readonly Lock _gate = new();
    private readonly Dictionary<ChannelName, PresentChannel> _channels = new(ChannelNameComparer.Instance);
    private readonly Round<PresentChannel> _round;
    private readonly string _prefix;
    private readonly string _node = RandomNumberGenerator.GetHexString(12, lowercase: true);
    private readonly long _expiry;
    private readonly long _absence;

    public RedisPresence(string prefix, TimeSpan timeToLive)
    {
        _prefix = prefix;
        // With the period of refreshing and letting go, a quarter of the time to live, still within the time to live.
        _expiry = (long)(timeToLive.TotalMilliseconds * 2 / 3);
        Period = timeToLive / 4;
        // Before this no entry that is refreshed every period expires.
        _absence = _expiry - (long)Period.TotalMilliseconds;
        _round = new Round<PresentChannel>(Period.TotalMilliseconds, Drop);
    }

    public TimeSpan Period { get; }

    /// <summary>Somebody here is told who comes and goes: expired users are let go from here.</summary>
    public void Watch(ChannelName channel)
    {
        lock (_gate)
            Entry(channel).IsWatched = true;
    }

    public void Unwatch(ChannelName channel)
    {
        lock (_gate)
        {
            if (_channels.TryGetValue(channel, out var entry))
                entry.IsWatched = false;
        }
    }

    public async Task<bool> JoinAsync(RedisConnection connection, ChannelName channel, PresentUser user)
    {
        Task<RedisResult?> call;
        lock (_gate)
        {
            var entry = Entry(channel);
            int connections = entry.Users.TryGetValue(user.Id, out var known) ? known.Connections : 0;
            entry.Users[user.Id] = (user, connections + 1);
            if (connections > 0)
                return true;
            call = CallJoinAsync(connection, entry, [user]);
        }
        if (await call.ConfigureAwait(false) is not null)
            return true;
        // What Redis took nevertheless expires.
        await LeaveAsync(connection: null, channel, user.Id).ConfigureAwait(false);
        return false;
    }

    public Task LeaveAsync(RedisConnection? connection, ChannelName channel, string user)
    {
        lock (_gate)
        {
            return _channels.TryGetValue(channel, out var entry) && entry.Forget(user) && connection is not null
                ? CallLeaveAsync(connection, entry, [user])
                : Task.CompletedTask;
        }
    }

    public async Task<PresenceState?> ListAsync(RedisConnection connection, ChannelName channel, int maxUsers)
    {
        var keys = new RedisKeys(_prefix, channel);
        if (await connection.CallAsync(RedisScripts.List, Names(keys), [keys.Flow, _absence, maxUsers]).ConfigureAwait(false) is not { } answer)
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

    /// <summary>Keeps this node's users, and lets those of nodes that died leave, in the channels whose turn it is.</summary>
    public Task RefreshAsync(RedisConnection connection, long now)
    {
        lock (_gate)
            return RefreshAsync(connection, _round.Take(now));
    }

    /// <summary>The same in all channels, at once.</summary>
    public Task RefreshAllAsync(RedisConnection connection)
    {
        lock (_gate)
            return RefreshAsync(connection, _round.TakeAll());
    }

    /// <summary>Before the node stops: its users leave at once.</summary>
    public async Task LeaveAllAsync(RedisConnection connection)
    {
        var calls = new List<Task>();
        lock (_gate)
        {
            foreach (var entry in _channels.Values)
                calls.AddRange(entry.Users.Keys.Chunk(Batch).Select(users => CallLeaveAsync(connection, entry, users)));
        }
        await Task.WhenAll(calls).ConfigureAwait(false);
    }

    private PresentChannel Entry(ChannelName channel)
    {
        if (!_channels.TryGetValue(channel, out var entry))
        {
            _channels.Add(channel, entry = new PresentChannel(channel, new RedisKeys(_prefix, channel)));
            _round.Add(entry);
        }
        return entry;
    }

    private bool Drop(PresentChannel entry) => entry.IsGone && _channels.Remove(entry.Channel);

    private async Task RefreshAsync(RedisConnection connection, List<PresentChannel> due)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        foreach (var channels in due.Chunk(Channels))
            await Task.WhenAll(channels.Select(channel => RefreshAsync(connection, channel))).ConfigureAwait(false);
    }

    private async Task RefreshAsync(RedisConnection connection, PresentChannel entry)
    {
        string[] users;
        lock (_gate)
            users = [.. entry.Users.Keys];
        bool more = true;
        foreach (string[] batch in users.Chunk(Batch))
            more = await RefreshAsync(connection, entry, batch).ConfigureAwait(false);
        while (more)
            more = await RefreshAsync(connection, entry, []).ConfigureAwait(false);
    }

    /// <returns>Whether more have expired.</returns>
    private async Task<bool> RefreshAsync(RedisConnection connection, PresentChannel entry, string[] users)
    {
        Task<RedisResult?> call;
        lock (_gate)
        {
            // Whoever left since they were listed must not come back.
            var present = users.Where(entry.Users.ContainsKey).Select(user => entry.Users[user].User);
            call = CallJoinAsync(connection, entry, [.. present]);
        }
        return await call.ConfigureAwait(false) is { } answer && (int)answer == 1;
    }

    private Task<RedisResult?> CallJoinAsync(RedisConnection connection, PresentChannel entry, PresentUser[] users)
    {
        RedisValue[] values = [entry.Keys.Flow, _absence, _expiry, _node, .. users.SelectMany(user => new RedisValue[] { Encoding.UTF8.GetBytes(user.Id), user.Info.ToArray() })];
        return connection.CallInTurnAsync(RedisScripts.Join, Names(entry.Keys), values);
    }

    private Task<RedisResult?> CallLeaveAsync(RedisConnection connection, PresentChannel entry, string[] users) =>
        connection.CallInTurnAsync(RedisScripts.Leave, Names(entry.Keys), [entry.Keys.Flow, _absence, _node, .. users.Select(user => (RedisValue)Encoding.UTF8.GetBytes(user))]);

    private static RedisKey[] Names(RedisKeys keys) => [keys.Users, keys.Nodes, keys.Expiry];
}
