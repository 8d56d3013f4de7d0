using Gateway.Channels;

namespace Gateway.Backplane.Memory;

/// <summary>Every member is guarded by <see cref="Gate"/>. A share of the channels: their streams in order of use, idempotency keys and presence.</summary>
internal sealed class MemoryShard(KeyBudget keys)
{
    /// <summary>How long a position outlives its last use where nobody here is subscribed; forgetting it costs clients that come back a reload.</summary>
    private const long IdleMilliseconds = 60 * 60 * 1000;

    private readonly Dictionary<ChannelName, HistoryStream> _streams = new(ChannelNameComparer.Instance);
    private readonly LinkedList<HistoryStream> _byUse = new();

    public Lock Gate { get; } = new();

    public IdempotencyKeys Keys { get; } = new(keys);

    public Dictionary<ChannelName, PresenceSet> Presence { get; } = new(ChannelNameComparer.Instance);

    /// <summary>The channel's stream, now the most recently used, without its expired messages.</summary>
    /// <param name="channel">A channel of a namespace with history.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="budget">Told of the change in bytes.</param>
    public HistoryStream Use(ChannelName channel, long now, HistoryBudget budget)
    {
        if (_streams.TryGetValue(channel, out var stream))
        {
            _byUse.Remove(stream.Node);
            Change(stream, budget, static (stream, now) => stream.DropExpired(now), now);
        }
        else
        {
            stream = new HistoryStream(channel, now);
            _streams.Add(channel, stream);
            budget.Add(stream.Bytes);
        }
        _byUse.AddLast(stream.Node);
        stream.LastUsed = now;
        return stream;
    }

    /// <summary>While the node holds far too much, the channels of this shard used longest ago lose their oldest messages. The newest of all stays, so that a publish is never refused.</summary>
    public void MakeRoom(HistoryBudget budget, Func<ChannelName, bool> isSubscribed)
    {
        for (var node = _byUse.First; node is not null && budget.IsFarExceeded;)
        {
            var stream = node.Value;
            node = node.Next;
            Trim(stream, budget, keep: node is null ? 1 : 0, isSubscribed);
        }
    }

    /// <summary>When the channel used longest ago of those with messages was used; <see cref="long.MaxValue"/> when there is none.</summary>
    public long LongestUnused => _byUse.FirstOrDefault(stream => !stream.IsEmpty)?.LastUsed ?? long.MaxValue;

    /// <summary>While the node holds too much, the channel of <see cref="LongestUnused"/> loses its oldest messages.</summary>
    /// <returns>False when there is none.</returns>
    public bool TrimLongestUnused(HistoryBudget budget, Func<ChannelName, bool> isSubscribed)
    {
        if (_byUse.FirstOrDefault(stream => !stream.IsEmpty) is not { } stream)
            return false;
        Trim(stream, budget, keep: 0, isSubscribed);
        return true;
    }

    /// <summary>Drops what is out of its time.</summary>
    public void Sweep(long now, HistoryBudget budget, Func<ChannelName, bool> isSubscribed)
    {
        Keys.Forget(now);
        for (var node = _byUse.First; node is not null;)
        {
            var stream = node.Value;
            node = node.Next;
            Change(stream, budget, static (stream, now) => stream.DropExpired(now), now);
            if (stream.IsEmpty && now - stream.LastUsed > IdleMilliseconds && !isSubscribed(stream.Channel))
                Remove(stream, budget);
        }
    }

    private void Trim(HistoryStream stream, HistoryBudget budget, int keep, Func<ChannelName, bool> isSubscribed)
    {
        while (budget.IsExceeded && stream.Count > keep)
            Change(stream, budget, static (stream, _) => stream.DropOldest(), 0);
        if (keep == 0 && stream.IsEmpty && !isSubscribed(stream.Channel))
            Remove(stream, budget);
    }

    private void Remove(HistoryStream stream, HistoryBudget budget)
    {
        _byUse.Remove(stream.Node);
        _streams.Remove(stream.Channel);
        budget.Add(-stream.Bytes);
    }

    private static void Change(HistoryStream stream, HistoryBudget budget, Action<HistoryStream, long> change, long argument)
    {
        long before = stream.Bytes;
        change(stream, argument);
        budget.Add(stream.Bytes - before);
    }
}
