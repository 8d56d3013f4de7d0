using Gateway.Server.Channels;
using Gateway.Server.Clock;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Redis;

/// <summary>The readers of the channels on one shard that this node wants, or wanted a moment ago. Safe for any thread.</summary>
/// <remarks>
/// The channel table's lock is taken before this one, and this one before the presence's. No reader's lock is taken under it.
/// </remarks>
internal sealed class RedisChannelReaders(
    string prefix, IBackplaneSink sink, TimeProvider time, BackplaneMetrics metrics, BrokenRecords broken, RedisPresence presence)
{
    /// <summary>How long an unwanted channel is kept: a page reload, or a subscriber that comes and goes, costs Redis nothing.</summary>
    private const long LingerMilliseconds = 3_000;

    private static readonly TimeSpan CheckPeriod = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<ChannelName, Entry> _entries = new(ChannelNameComparer.Instance);
    private readonly Queue<(Entry Entry, long LeaveAt)> _unwanted = new();
    private readonly PeriodicQueue<Entry> _checks = new(time, CheckPeriod, entry => entry.IsGone);

    public RedisChannelReader? Find(ChannelName channel)
    {
        lock (_gate)
            return _entries.GetValueOrDefault(channel)?.Reader;
    }

    /// <summary>Starts the delivery of a channel's messages.</summary>
    /// <returns>Whether messages are delivered from now on.</returns>
    public Task<bool> SubscribeAsync(RedisConnection connection, ChannelName channel)
    {
        lock (_gate)
        {
            var entry = _entries.TryGetValue(channel, out var known) ? known : Add(channel);
            var reader = entry.Reader;
            entry.LeaveAt = 0;
            if (entry.IsLeaving || (entry.LastCommand.IsCompleted && !reader.IsAttached))
                entry.LastCommand = reader.AttachAsync(connection, before: entry.LastCommand);
            else if (entry.LastCommand.IsCompleted)
                entry.LastCommand = reader.HasFailed ? reader.RetryAsync() : Task.FromResult(true);
            entry.IsLeaving = false;
            return entry.LastCommand;
        }
    }

    public void Unsubscribe(ChannelName channel)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(channel, out var entry))
                return;
            entry.LeaveAt = time.GetMilliseconds() + LingerMilliseconds;
            Queue(entry);
        }
    }

    /// <summary>Attaches the wanted readers to a new connection. The others end with the old one.</summary>
    public Task ResumeAsync(RedisConnection connection)
    {
        var attaching = new List<Task>();
        lock (_gate)
        {
            foreach (var entry in _entries.Values.ToList())
            {
                if (entry.LeaveAt != 0)
                {
                    entry.Reader.Abandon();
                    Remove(entry);
                    continue;
                }
                entry.IsLeaving = false;
                attaching.Add(entry.LastCommand = entry.Reader.AttachAsync(connection, before: Task.CompletedTask));
            }
        }
        return Task.WhenAll(attaching);
    }

    /// <summary>The connection is lost: nothing is delivered until there is another.</summary>
    public void Interrupt()
    {
        List<Entry> entries;
        lock (_gate)
            entries = [.. _entries.Values];
        foreach (var entry in entries)
            sink.OnInterrupted(entry.Reader.Channel);
    }

    /// <summary>Checks all readers, as the servers may be others than before.</summary>
    public Task CheckAllAsync()
    {
        List<Entry> entries;
        lock (_gate)
            entries = _checks.TakeAll();
        return Task.WhenAll(entries.Select(entry => entry.Reader.CheckAsync()));
    }

    /// <summary>Checks the readers whose turn has come.</summary>
    public Task CheckDueAsync()
    {
        List<Entry> entries;
        lock (_gate)
            entries = _checks.TakeDue();
        return Task.WhenAll(entries.Select(entry => entry.Reader.CheckAsync()));
    }

    /// <summary>Leaves the channels that have been unwanted for long enough.</summary>
    public void LeaveUnwanted(RedisConnection connection)
    {
        long now = time.GetMilliseconds();
        lock (_gate)
        {
            while (_unwanted.TryPeek(out var first) && first.LeaveAt <= now)
            {
                var entry = _unwanted.Dequeue().Entry;
                entry.IsQueued = false;
                if (entry.IsGone || entry.LeaveAt == 0)
                    continue;
                if (entry.LeaveAt > now)
                {
                    Queue(entry);
                    continue;
                }
                entry.IsLeaving = true;
                entry.LastCommand = entry.Reader.DetachAsync(connection, before: entry.LastCommand);
                _ = RemoveAfterAsync(entry, entry.LastCommand);
            }
        }
    }

    /// <summary>Keeps the entry until its reader has left, so that a subscribe meanwhile is done after the leaving.</summary>
    private async Task RemoveAfterAsync(Entry entry, Task<bool> leaving)
    {
        await leaving.ConfigureAwait(false);
        lock (_gate)
        {
            if (!entry.IsGone && ReferenceEquals(entry.LastCommand, leaving))
                Remove(entry);
        }
    }

    private void Queue(Entry entry)
    {
        if (entry.IsQueued)
            return;
        entry.IsQueued = true;
        _unwanted.Enqueue((entry, entry.LeaveAt));
    }

    private Entry Add(ChannelName channel)
    {
        var entry = new Entry(new RedisChannelReader(channel, new RedisKeys(prefix, channel), sink, time, metrics, broken, presence));
        _entries.Add(channel, entry);
        if (channel.Namespace.Rules.HasHistory)
            _checks.Add(entry);
        if (channel.Namespace.Rules.Presence)
            presence.Watch(channel);
        metrics.Subscribed(1);
        return entry;
    }

    private void Remove(Entry entry)
    {
        var channel = entry.Reader.Channel;
        _entries.Remove(channel);
        entry.IsGone = true;
        if (channel.Namespace.Rules.Presence)
            presence.Unwatch(channel);
        metrics.Subscribed(-1);
    }

    /// <summary>A reader, and whether it is wanted. Used under the lock.</summary>
    private sealed class Entry(RedisChannelReader reader)
    {
        public RedisChannelReader Reader { get; } = reader;

        /// <summary>When the channel may be left, in milliseconds; 0 while it is wanted.</summary>
        public long LeaveAt { get; set; }

        /// <summary>Whether the entry is among the unwanted.</summary>
        public bool IsQueued { get; set; }

        /// <summary>Whether the last command was to detach.</summary>
        public bool IsLeaving { get; set; }

        /// <summary>Whether the entry was removed.</summary>
        public bool IsGone { get; set; }

        /// <summary>The last command, which completes with whether messages are delivered.</summary>
        public Task<bool> LastCommand { get; set; } = Task.FromResult(false);
    }
}
