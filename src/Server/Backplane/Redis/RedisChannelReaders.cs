using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Redis;

/// <summary>Safe for any thread. The readers of the channels on one shard that this node wants, or wanted a moment ago.</summary>
/// <remarks>Lock order: the channel table's, then this one, then the presence's; no reader's lock is taken under it.</remarks>
internal sealed class RedisChannelReaders(string prefix, IBackplaneSink sink, BackplaneMetrics metrics, BrokenRecords broken, RedisPresence presence)
{
    /// <summary>So that a page reload, or a subscriber who comes and goes, costs Redis nothing.</summary>
    private const long LingerMilliseconds = 3_000;

    private const double CheckMilliseconds = 60_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<ChannelName, RedisChannelReader> _readers = new(ChannelNameComparer.Instance);
    private readonly Queue<(RedisChannelReader Reader, long LeaveAt)> _unwanted = new();
    private readonly PeriodicQueue<RedisChannelReader> _checks = new(CheckMilliseconds, reader => reader.IsGone);

    public RedisChannelReader? Find(ChannelName channel)
    {
        lock (_gate)
            return _readers.GetValueOrDefault(channel);
    }

    /// <summary>Asks for a channel's messages. Completes with whether they flow.</summary>
    public Task<bool> SubscribeAsync(RedisConnection connection, ChannelName channel)
    {
        lock (_gate)
        {
            var reader = _readers.TryGetValue(channel, out var known) ? known : Add(channel);
            reader.LeaveAt = 0;
            if (reader.IsLeaving || (reader.LastRequest.IsCompleted && !reader.IsAttached))
                reader.LastRequest = reader.AttachAsync(connection, before: reader.LastRequest);
            else if (reader.LastRequest.IsCompleted)
                reader.LastRequest = reader.HasFailed ? reader.RetryAsync() : Task.FromResult(true);
            reader.IsLeaving = false;
            return reader.LastRequest;
        }
    }

    public void Unsubscribe(ChannelName channel)
    {
        lock (_gate)
        {
            if (!_readers.TryGetValue(channel, out var reader))
                return;
            reader.LeaveAt = Environment.TickCount64 + LingerMilliseconds;
            Queue(reader);
        }
    }

    /// <summary>Attaches the readers that are wanted; the others go with the old connection.</summary>
    public Task ResumeAsync(RedisConnection connection)
    {
        var attaching = new List<Task>();
        lock (_gate)
        {
            foreach (var reader in _readers.Values.ToList())
            {
                if (reader.LeaveAt != 0)
                {
                    reader.Abandon();
                    Remove(reader);
                    continue;
                }
                reader.IsLeaving = false;
                attaching.Add(reader.LastRequest = reader.AttachAsync(connection, before: Task.CompletedTask));
            }
        }
        return Task.WhenAll(attaching);
    }

    /// <summary>The connection is lost: until it is replaced, nothing flows.</summary>
    public void Interrupt()
    {
        List<RedisChannelReader> readers;
        lock (_gate)
            readers = [.. _readers.Values];
        foreach (var reader in readers)
            sink.OnInterrupted(reader.Channel);
    }

    /// <summary>Checks all readers, as the servers may be others than before.</summary>
    public Task CheckAllAsync()
    {
        List<RedisChannelReader> readers;
        lock (_gate)
            readers = _checks.TakeAll();
        return Task.WhenAll(readers.Select(reader => reader.CheckAsync()));
    }

    /// <summary>Checks the readers whose turn has come.</summary>
    public Task CheckAsync(long now)
    {
        List<RedisChannelReader> readers;
        lock (_gate)
            readers = _checks.Take(now);
        return Task.WhenAll(readers.Select(reader => reader.CheckAsync()));
    }

    /// <summary>Leaves the channels nobody has wanted for a while.</summary>
    public void LeaveUnwanted(RedisConnection connection, long now)
    {
        lock (_gate)
        {
            while (_unwanted.TryPeek(out var first) && first.LeaveAt <= now)
            {
                var reader = _unwanted.Dequeue().Reader;
                reader.IsQueued = false;
                if (reader.IsGone || reader.LeaveAt == 0)
                    continue;
                if (reader.LeaveAt > now)
                {
                    Queue(reader);
                    continue;
                }
                reader.IsLeaving = true;
                reader.LastRequest = reader.DetachAsync(connection, before: reader.LastRequest);
                _ = LeaveAsync(reader, reader.LastRequest);
            }
        }
    }

    /// <summary>The reader stays until it has left, so that a subscribe meanwhile comes after.</summary>
    private async Task LeaveAsync(RedisChannelReader reader, Task<bool> leaving)
    {
        await leaving.ConfigureAwait(false);
        lock (_gate)
        {
            if (!reader.IsGone && ReferenceEquals(reader.LastRequest, leaving))
                Remove(reader);
        }
    }

    private void Queue(RedisChannelReader reader)
    {
        if (reader.IsQueued)
            return;
        reader.IsQueued = true;
        _unwanted.Enqueue((reader, reader.LeaveAt));
    }

    private RedisChannelReader Add(ChannelName channel)
    {
        var reader = new RedisChannelReader(channel, new RedisKeys(prefix, channel), sink, metrics, broken, presence);
        _readers.Add(channel, reader);
        if (channel.Namespace.Rules.HasHistory)
            _checks.Add(reader);
        if (channel.Namespace.Rules.Presence)
            presence.Watch(channel);
        metrics.Subscribed(1);
        return reader;
    }

    private void Remove(RedisChannelReader reader)
    {
        _readers.Remove(reader.Channel);
        reader.IsGone = true;
        if (reader.Channel.Namespace.Rules.Presence)
            presence.Unwatch(reader.Channel);
        metrics.Subscribed(-1);
    }
}
