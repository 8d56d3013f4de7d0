using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Redis;

/// <content>
/// Finding presence changes that did not arrive. A gap shows by the next change, which names the version before it, and by a new
/// connection. Where the last change is lost or Redis lost its data, nothing follows: so the version is compared every few seconds. A gap
/// makes the sink ask for a snapshot.
/// </content>
internal sealed partial class RedisPresence
{
    /// <summary>The time between two comparisons. With <see cref="ArrivalTimeout"/> it is well within the ten seconds promised.</summary>
    private static readonly TimeSpan CheckPeriod = TimeSpan.FromSeconds(5);

    /// <summary>How long a change may take to arrive before it counts as lost: pub/sub takes milliseconds.</summary>
    private static readonly TimeSpan ArrivalTimeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long other nodes may take to add their users again after Redis lost its data: they learn of it by the first node that does, or
    /// when they are back.
    /// </summary>
    private static readonly TimeSpan SettlingTime = TimeSpan.FromMilliseconds(1500);

    /// <summary>This node has subscribers that get the channel's changes. Expired users are removed by nodes that watch.</summary>
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

    /// <summary>Changes arrive from now on. After a new connection, some may have been lost.</summary>
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

    /// <summary>A change arrived. Called for one channel by one thread at a time.</summary>
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

    /// <summary>Adds this node's users again and lists all users, after changes were lost.</summary>
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
            var listing = _turns.RunAsync(() => _calls.ListInTurnAsync(connection, entry.Keys, maxUsers));
            if (await listing.ConfigureAwait(false) is not { } answer)
                return null;
            var (snapshot, age) = _calls.Read(answer);
            if (isSuspect && age < SettlingTime)
            {
                await Task.Delay(SettlingTime - age, _time).ConfigureAwait(false);
                continue;
            }
            lock (_gate)
            {
                entry.IsSuspect = false;
                // A change that arrived meanwhile has set the version itself.
                if (entry.Version == version)
                    entry.Version = snapshot.Version;
            }
            return snapshot;
        }
    }

    /// <summary>Compares the version in the channels whose turn has come.</summary>
    public Task CheckDueAsync(RedisConnection connection)
    {
        lock (_gate)
            return Task.WhenAll(_checks.TakeDue().Where(entry => entry.IsWatched).Select(entry => CheckAsync(connection, entry)));
    }

    private async Task CheckAsync(RedisConnection connection, PresentChannel entry)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        long before;
        lock (_gate)
            before = entry.Version;
        if (before == 0)
            return;
        var asking = _turns.RunAsync(() => PresenceCalls.VersionAsync(connection, entry.Keys));
        if (await asking.ConfigureAwait(false) is not { } answer)
            return;
        long version = (long)answer;
        // A version older than one that has arrived: Redis lost its data, or the last changes.
        bool isLost = version < before;
        if (!isLost && !HasArrived())
        {
            await Task.Delay(ArrivalTimeout, _time).ConfigureAwait(false);
            isLost = !HasArrived();
        }
        if (!isLost)
            return;
        lock (_gate)
            entry.IsSuspect = true;
        _sink.OnPresenceLost(entry.Channel);

        bool HasArrived()
        {
            lock (_gate)
                return entry.Version >= version || !entry.IsWatched;
        }
    }
}
