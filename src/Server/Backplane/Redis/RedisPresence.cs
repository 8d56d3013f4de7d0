using System.Security.Cryptography;
using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Channels;
using Gateway.Server.Naming;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// This node's share of presence on one shard. Redis hears of the first connection of a user and of the last, and, while there is one,
/// again before the entry expires; so the users of a node that died go by themselves. What Redis tells of others is watched for gaps.
/// Safe for any thread.
/// </summary>
/// <remarks>
/// Changes are asked for under the lock, in turn, so that none overtakes the one before it. No other lock but that of the connection's
/// queue is taken under it; the lock of the queue of its own comes before it.
/// A gap shows by the next change, which names the version before it; by a new connection; and, where the last change is lost with nothing
/// after it or the data are deleted, by asking for the version every few seconds. Then the sink wants a snapshot.
/// </remarks>
internal sealed class RedisPresence
{
    /// <summary>Users in one call, so that no call takes Redis long.</summary>
    private const int Batch = 100;

    /// <summary>Channels that the node looks after at a time: half of what may be under way, lest subscribing wait for all.</summary>
    private const int Channels = 64;

    /// <summary>Users remembered to have left while Redis was away. Further ones expire.</summary>
    private const int MaxDeparted = 100_000;

    /// <summary>A gap that nothing else shows is found after this and a second more, well within the ten promised.</summary>
    private const double CheckMilliseconds = 5_000;

    /// <summary>What arrives later than this is lost: pub/sub takes milliseconds.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long after its data were lost other nodes may take to put in their users again: they hear of it by the first who does, or when
    /// they are back.
    /// </summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(1500);

    private readonly Lock _gate = new();
    private readonly Dictionary<ChannelName, PresentChannel> _channels = new(ChannelNameComparer.Instance);
    private readonly PeriodicQueue<PresentChannel> _refreshes;
    private readonly PeriodicQueue<PresentChannel> _checks = new(CheckMilliseconds, entry => entry.IsDropped);
    private readonly CallQueue _turns = new(Channels);
    private readonly IBackplaneSink _sink;
    private readonly BrokenRecords _broken;
    private readonly string _prefix;
    private readonly string _node = RandomNumberGenerator.GetHexString(12, lowercase: true);
    private readonly long _expiry;
    private readonly long _absence;
    private int _departed;

    public RedisPresence(string prefix, TimeSpan timeToLive, IBackplaneSink sink, BrokenRecords broken)
    {
        _broken = broken;
        _prefix = prefix;
        _sink = sink;
        // With the period of refreshing and letting go, a quarter of the time to live, still within the time to live.
        _expiry = (long)(timeToLive.TotalMilliseconds * 2 / 3);
        Period = timeToLive / 4;
        // Before this no entry that is refreshed every period expires.
        _absence = _expiry - (long)Period.TotalMilliseconds;
        _refreshes = new PeriodicQueue<PresentChannel>(Period.TotalMilliseconds, Drop);
    }

    public TimeSpan Period { get; }

    /// <summary>Somebody here is told who comes and goes: expired users are let go from here.</summary>
    public void Watch(ChannelName channel)
    {
        lock (_gate)
        {
            var entry = Entry(channel);
            (entry.IsWatched, entry.WasAttached, entry.Version) = (true, false, 0);
        }
    }

    public void Unwatch(ChannelName channel)
    {
        lock (_gate)
        {
            if (_channels.TryGetValue(channel, out var entry))
                entry.IsWatched = false;
        }
    }

    /// <summary>Changes come from now on. Again, after a new connection: some may have been lost.</summary>
    public void OnAttached(ChannelName channel)
    {
        lock (_gate)
        {
            if (!_channels.TryGetValue(channel, out var entry))
                return;
            bool isFirst = !entry.WasAttached;
            (entry.WasAttached, entry.Version) = (true, 0);
            if (isFirst)
                return;
            entry.IsSuspect = true;
        }
        _sink.OnPresenceLost(channel);
    }

    /// <summary>A change came. Called for one channel by one thread at a time.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="before">The version that the change follows.</param>
    /// <param name="change">The change.</param>
    public void OnChange(ChannelName channel, long before, PresenceChange change)
    {
        bool follows = true;
        lock (_gate)
        {
            if (_channels.TryGetValue(channel, out var entry))
            {
                follows = entry.TryFollow(before, change.Version);
                entry.IsSuspect |= !follows;
            }
        }
        if (!follows)
            _sink.OnPresenceLost(channel);
        _sink.OnPresence(channel, change);
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
            if (entry.Departed.Remove(user.Id))
                _departed--;
            call = CallJoinAsync(connection, entry, [user]);
        }
        if (await call.ConfigureAwait(false) is not null)
            return true;
        // Redis may have taken it nevertheless.
        await LeaveAsync(connection: null, channel, user.Id).ConfigureAwait(false);
        return false;
    }

    /// <param name="connection">Null while Redis is away: it is told when it is back.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="user">Whose connection it was.</param>
    public async Task LeaveAsync(RedisConnection? connection, ChannelName channel, string user)
    {
        Task<RedisResult?>? call;
        lock (_gate)
        {
            if (!_channels.TryGetValue(channel, out var entry) || !entry.Forget(user))
                return;
            call = connection is null ? null : CallLeaveAsync(connection, entry, [user]);
        }
        if (call is not null && await call.ConfigureAwait(false) is not null)
            return;
        lock (_gate)
        {
            var entry = Entry(channel);
            if (_departed < MaxDeparted && !entry.Users.ContainsKey(user) && entry.Departed.Add(user))
                _departed++;
        }
    }

    public async Task<PresenceSnapshot?> ListAsync(RedisConnection connection, ChannelName channel, int maxUsers)
    {
        var keys = new RedisKeys(_prefix, channel);
        if (await connection.CallAsync(RedisScripts.List, Names(keys), ListValues(keys, maxUsers)).ConfigureAwait(false) is not { } answer)
            return null;
        var (snapshot, _) = Read(answer);
        lock (_gate)
        {
            // The first who came to the channel here: a gap after this would not show otherwise.
            if (_channels.TryGetValue(channel, out var entry) && entry is { IsWatched: true, Version: 0 })
                entry.Version = snapshot.Version;
        }
        return snapshot;
    }

    /// <summary>Puts this node's users in again, and lists all: after changes were lost.</summary>
    public async Task<PresenceSnapshot?> RepairAsync(RedisConnection connection, ChannelName channel, int maxUsers)
    {
        PresentChannel entry;
        lock (_gate)
            entry = Entry(channel);
        await _turns.RunAsync(() => RefreshAsync(connection, entry)).ConfigureAwait(false);
        while (true)
        {
            long version;
            bool isSuspect;
            lock (_gate)
                (version, isSuspect) = (entry.Version, entry.IsSuspect);
            var list = () => connection.CallInTurnAsync(RedisScripts.List, Names(entry.Keys), ListValues(entry.Keys, maxUsers));
            if (await _turns.RunAsync(list).ConfigureAwait(false) is not { } answer)
                return null;
            var (snapshot, age) = Read(answer);
            if (isSuspect && age < Settling)
            {
                await Task.Delay(Settling - age).ConfigureAwait(false);
                continue;
            }
            lock (_gate)
            {
                entry.IsSuspect = false;
                // Unless changes have come, which count from where they are.
                if (entry.Version == version)
                    entry.Version = snapshot.Version;
            }
            return snapshot;
        }
    }

    /// <summary>Looks for gaps that nothing else shows, in the channels whose turn it is.</summary>
    public Task CheckAsync(RedisConnection connection, long now)
    {
        lock (_gate)
            return Task.WhenAll(_checks.Take(now).Where(entry => entry.IsWatched).Select(entry => CheckAsync(connection, entry)));
    }

    /// <summary>Keeps this node's users, and lets those of nodes that died leave, in the channels whose turn it is.</summary>
    public Task RefreshAsync(RedisConnection connection, long now)
    {
        lock (_gate)
            return RefreshAsync(connection, _refreshes.Take(now));
    }

    /// <summary>The same in all channels, at once.</summary>
    public Task RefreshAllAsync(RedisConnection connection)
    {
        lock (_gate)
            return RefreshAsync(connection, _refreshes.TakeAll());
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

    private async Task CheckAsync(RedisConnection connection, PresentChannel entry)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        long before;
        lock (_gate)
            before = entry.Version;
        var ask = () => connection.CallInTurnAsync(RedisScripts.PresenceVersion, [entry.Keys.Nodes], []);
        if (before == 0 || await _turns.RunAsync(ask).ConfigureAwait(false) is not { } answer)
            return;
        long version = (long)answer;
        // One from before what had come already: the data were lost, or the last of them.
        bool isLost = version < before;
        if (!isLost && !HasReached())
        {
            await Task.Delay(Late).ConfigureAwait(false);
            isLost = !HasReached();
        }
        if (!isLost)
            return;
        lock (_gate)
            entry.IsSuspect = true;
        _sink.OnPresenceLost(entry.Channel);

        bool HasReached()
        {
            lock (_gate)
                return entry.Version >= version || !entry.IsWatched;
        }
    }

    private PresentChannel Entry(ChannelName channel)
    {
        if (!_channels.TryGetValue(channel, out var entry))
        {
            _channels.Add(channel, entry = new PresentChannel(channel, new RedisKeys(_prefix, channel)));
            _refreshes.Add(entry);
            _checks.Add(entry);
        }
        return entry;
    }

    private bool Drop(PresentChannel entry)
    {
        if (!entry.IsGone)
            return false;
        entry.IsDropped = true;
        return _channels.Remove(entry.Channel);
    }

    private async Task RefreshAsync(RedisConnection connection, List<PresentChannel> due)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await Task.WhenAll(due.Select(entry => _turns.RunAsync(() => RefreshAsync(connection, entry)))).ConfigureAwait(false);
    }

    /// <returns>True: there is a result, so that it may be waited for as the others.</returns>
    private async Task<bool> RefreshAsync(RedisConnection connection, PresentChannel entry)
    {
        string[] users, departed;
        lock (_gate)
            (users, departed) = ([.. entry.Users.Keys], [.. entry.Departed]);
        foreach (string[] batch in departed.Chunk(Batch))
            await DepartAsync(connection, entry, batch).ConfigureAwait(false);
        bool more = true;
        foreach (string[] batch in users.Chunk(Batch))
            more = await RefreshAsync(connection, entry, batch).ConfigureAwait(false);
        while (more)
            more = await RefreshAsync(connection, entry, []).ConfigureAwait(false);
        return true;
    }

    private async Task DepartAsync(RedisConnection connection, PresentChannel entry, string[] users)
    {
        Task<RedisResult?> call;
        lock (_gate)
        {
            // Whoever came back since they were listed stays.
            users = [.. users.Where(entry.Departed.Contains)];
            call = CallLeaveAsync(connection, entry, users);
        }
        if (await call.ConfigureAwait(false) is null)
            return;
        lock (_gate)
            _departed -= users.Count(entry.Departed.Remove);
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

    private Task<RedisResult?> CallLeaveAsync(RedisConnection connection, PresentChannel entry, string[] users)
    {
        var ids = users.Select(user => (RedisValue)Encoding.UTF8.GetBytes(user));
        RedisValue[] values = [entry.Keys.Flow, _absence, _expiry, _node, .. ids];
        return connection.CallInTurnAsync(RedisScripts.Leave, Names(entry.Keys), values);
    }

    private RedisValue[] ListValues(RedisKeys keys, int maxUsers) => [keys.Flow, _absence, _expiry, maxUsers];

    private (PresenceSnapshot Snapshot, TimeSpan Age) Read(RedisResult answer)
    {
        var parts = (RedisResult[])answer!;
        var (version, age) = ((long)parts[0], TimeSpan.FromMilliseconds((long)parts[1]));
        if (parts.Length == 3)
            return (new PresenceSnapshot(new PresenceState(null, (int)parts[2]), version), age);
        var fields = (RedisResult[])parts[3]!;
        var users = new List<PresentUser>(fields.Length / 2);
        for (int i = 0; i + 1 < fields.Length; i += 2)
        {
            if (PresenceRecord.TryRead((byte[])fields[i]!, (byte[])fields[i + 1]!, out var user))
                users.Add(user);
        }
        _broken.Drop(RecordKind.Presence, (fields.Length / 2) - users.Count);
        return (new PresenceSnapshot(new PresenceState(users, users.Count), version), age);
    }

    private static RedisKey[] Names(RedisKeys keys) => [keys.Users, keys.Nodes, keys.Expiry];
}
