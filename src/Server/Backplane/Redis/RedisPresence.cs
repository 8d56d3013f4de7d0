using Gateway.Protocol.Messages;
using Gateway.Server.Channels;
using Gateway.Server.Naming;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// This node's share of presence on one shard. The node tells Redis of a user's first connection and of the last, and in between refreshes
/// the user before it expires; so the users of a node that died go by themselves. Safe for any thread.
/// </summary>
/// <remarks>
/// Changes are asked for under the lock, in turn, so that none overtakes the one before it. Under it only the lock of the connection's
/// queue is taken; the lock of <see cref="_turns"/> is taken before it.
/// </remarks>
internal sealed partial class RedisPresence
{
    /// <summary>Users in one call, so that no call takes Redis long.</summary>
    private const int Batch = 100;

    /// <summary>
    /// Channels that are refreshed or checked at a time: half of the calls that may be under way, so that subscribing does not wait for
    /// all.
    /// </summary>
    private const int MaxChannels = 64;

    /// <summary>Users remembered to have left while Redis was away. Further ones expire.</summary>
    private const int MaxDeparted = 100_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<ChannelName, PresentChannel> _channels = new(ChannelNameComparer.Instance);
    private readonly PeriodicQueue<PresentChannel> _refreshes;
    private readonly PeriodicQueue<PresentChannel> _checks;
    private readonly CallQueue _turns = new(MaxChannels);
    private readonly PresenceCalls _calls;
    private readonly IBackplaneSink _sink;
    private readonly TimeProvider _time;
    private readonly string _prefix;
    private int _departed;

    public RedisPresence(string prefix, TimeSpan timeToLive, IBackplaneSink sink, TimeProvider time, BrokenRecords broken)
    {
        (_prefix, _sink, _time) = (prefix, sink, time);
        Period = timeToLive / 4;
        // A user of a node that died is gone within the time to live: the expiry and the period of removing the expired are less together.
        var expiry = timeToLive * 2 / 3;
        // A user that is refreshed every period cannot expire before that.
        _calls = new PresenceCalls(expiry, absence: expiry - Period, broken);
        _refreshes = new PeriodicQueue<PresentChannel>(time, Period, Drop);
        _checks = new PeriodicQueue<PresentChannel>(time, CheckPeriod, entry => entry.IsDropped);
    }

    /// <summary>The time between two refreshes of a channel.</summary>
    public TimeSpan Period { get; }

    /// <summary>Counts a connection of a user, and adds the user with the first.</summary>
    /// <returns>False when Redis did not confirm it. Then the connection is not counted.</returns>
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
            call = _calls.JoinAsync(connection, entry.Keys, [user]);
        }
        if (await call.ConfigureAwait(false) is not null)
            return true;
        // Redis may have added the user nevertheless.
        await LeaveAsync(connection: null, channel, user.Id).ConfigureAwait(false);
        return false;
    }

    /// <summary>Counts a connection less of a user, and removes the user with the last.</summary>
    /// <param name="connection">Null while Redis is away. The user is removed when Redis is back.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The user's id.</param>
    public async Task LeaveAsync(RedisConnection? connection, ChannelName channel, string user)
    {
        Task<RedisResult?>? call;
        lock (_gate)
        {
            if (!_channels.TryGetValue(channel, out var entry) || !entry.Forget(user))
                return;
            call = connection is null ? null : _calls.LeaveAsync(connection, entry.Keys, [user]);
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
        if (await _calls.ListAsync(connection, new RedisKeys(_prefix, channel), maxUsers).ConfigureAwait(false) is not { } answer)
            return null;
        var (snapshot, _) = _calls.Read(answer);
        lock (_gate)
        {
            // The first subscriber of the channel on this node: without a version, a gap after this would not show.
            if (_channels.TryGetValue(channel, out var entry) && entry is { IsWatched: true, Version: 0 })
                entry.Version = snapshot.Version;
        }
        return snapshot;
    }

    /// <summary>Refreshes this node's users, and removes expired ones of any node, in the channels whose turn has come.</summary>
    public Task RefreshDueAsync(RedisConnection connection)
    {
        lock (_gate)
            return RefreshAsync(connection, _refreshes.TakeDue());
    }

    /// <summary>Refreshes all channels at once.</summary>
    public Task RefreshAllAsync(RedisConnection connection)
    {
        lock (_gate)
            return RefreshAsync(connection, _refreshes.TakeAll());
    }

    /// <summary>Removes this node's users before the node stops.</summary>
    public async Task LeaveAllAsync(RedisConnection connection)
    {
        var calls = new List<Task>();
        lock (_gate)
        {
            foreach (var entry in _channels.Values)
                calls.AddRange(entry.Users.Keys.Chunk(Batch).Select(users => _calls.LeaveAsync(connection, entry.Keys, users)));
        }
        await Task.WhenAll(calls).ConfigureAwait(false);
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

    /// <returns>True: <see cref="CallQueue"/> runs calls with a result.</returns>
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
            // A user that came back since the list was made stays.
            users = [.. users.Where(entry.Departed.Contains)];
            call = _calls.LeaveAsync(connection, entry.Keys, users);
        }
        if (await call.ConfigureAwait(false) is null)
            return;
        lock (_gate)
            _departed -= users.Count(entry.Departed.Remove);
    }

    /// <returns>Whether more users have expired.</returns>
    private async Task<bool> RefreshAsync(RedisConnection connection, PresentChannel entry, string[] users)
    {
        Task<RedisResult?> call;
        lock (_gate)
        {
            // A user that left since the list was made must not come back.
            var present = users.Where(entry.Users.ContainsKey).Select(user => entry.Users[user].User);
            call = _calls.JoinAsync(connection, entry.Keys, present);
        }
        return await call.ConfigureAwait(false) is { } answer && (int)answer == 1;
    }
}
