using Gateway.Protocol.Messages;
using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Memory;

/// <summary>
/// Every member is guarded by <see cref="Gate"/>. A share of the channels: their streams in order of use, idempotency keys and presence.
/// </summary>
/// <param name="keys">That of all shards.</param>
/// <param name="budget">That of all shards.</param>
/// <param name="epochs">Those of channels without a stream.</param>
/// <param name="isSubscribed">Whether somebody relies on a channel's position.</param>
internal sealed class MemoryShard(KeyBudget keys, HistoryBudget budget, EmptyEpochs epochs, Func<ChannelName, bool> isSubscribed)
{
    /// <summary>
    /// How long a position outlives its last use where nobody here is subscribed; forgetting it costs clients that come back a reload.
    /// </summary>
    private const long IdleMilliseconds = 60 * 60 * 1000;

    private readonly Dictionary<ChannelName, HistoryStream> _streams = new(ChannelNameComparer.Instance);
    // Streams with messages, the one used longest ago first.
    private readonly LinkedList<HistoryStream> _byUse = new();
    // Streams whose messages are gone, and which have only their position left.
    private readonly LinkedList<HistoryStream> _empty = new();

    public Lock Gate { get; } = new();

    public IdempotencyKeys Keys { get; } = new(keys);

    public Dictionary<ChannelName, PresenceSet> Presence { get; } = new(ChannelNameComparer.Instance);

    /// <summary>That of the last presence change in any of the channels: so one that empties and fills again goes on upwards.</summary>
    public long PresenceVersion { get; set; }

    /// <summary>When the stream used longest ago of those with messages was used; <see cref="long.MaxValue"/> when there is none.</summary>
    public long LongestUnused => _byUse.First?.Value.LastUsed ?? long.MaxValue;

    /// <summary>
    /// The channel's stream, now the most recently used, without its expired messages; null when there is none, and none is made.
    /// </summary>
    /// <param name="channel">A channel of a namespace with history.</param>
    /// <param name="now">Unix milliseconds.</param>
    public HistoryStream? Find(ChannelName channel, long now)
    {
        if (!_streams.TryGetValue(channel, out var stream))
            return null;
        DropExpired(stream, now);
        stream.LastUsed = now;
        Place(stream);
        return stream;
    }

    /// <summary>
    /// Keeps a message, as the channel's next. What is a little too much is cleared away at the next tick, from whoever was longest unused;
    /// a flood is stopped here.
    /// </summary>
    /// <param name="channel">A channel of a namespace with history.</param>
    /// <param name="epoch">Of its stream, where it has none yet.</param>
    /// <param name="message">The message, without its seq.</param>
    public Position Append(ChannelName channel, Func<ChannelName, string> epoch, PublishedMessage message)
    {
        if (Find(channel, message.Time) is not { } stream)
        {
            stream = new HistoryStream(channel, epoch(channel), message.Time);
            _streams.Add(channel, stream);
            budget.Add(stream.Bytes);
        }
        long before = stream.Bytes;
        var position = stream.Append(message with { Seq = stream.Top.Seq + 1 });
        budget.Add(stream.Bytes - before);
        Place(stream);
        if (budget.IsFarExceeded)
            MakeRoom();
        return position;
    }

    /// <summary>
    /// While the node holds too much, positions are forgotten that have no messages and no subscribers: they never cost others a message.
    /// </summary>
    public void ForgetEmpty()
    {
        for (var node = _empty.First; node is not null && budget.IsExceeded;)
        {
            var stream = node.Value;
            node = node.Next;
            TryForget(stream);
        }
    }

    /// <summary>While the node holds too much, the channel of <see cref="LongestUnused"/> loses its oldest messages.</summary>
    /// <returns>False when there is none.</returns>
    public bool TrimLongestUnused()
    {
        if (_byUse.First is not { Value: var stream })
            return false;
        Trim(stream, keep: 0);
        return true;
    }

    /// <summary>Drops what is out of its time.</summary>
    public void Sweep(long now)
    {
        Keys.Forget(now);
        for (var node = _byUse.First; node is not null;)
        {
            var stream = node.Value;
            node = node.Next;
            DropExpired(stream, now);
            if (stream.IsEmpty)
                Place(stream);
        }
        for (var node = _empty.First; node is not null;)
        {
            var stream = node.Value;
            node = node.Next;
            if (now - stream.LastUsed > IdleMilliseconds)
                TryForget(stream);
        }
    }

    /// <summary>
    /// While the node holds far too much, the channels of this shard used longest ago lose their oldest messages. The newest of all stays,
    /// so that a publish is never refused.
    /// </summary>
    private void MakeRoom()
    {
        ForgetEmpty();
        for (var node = _byUse.First; node is not null && budget.IsFarExceeded;)
        {
            var stream = node.Value;
            node = node.Next;
            Trim(stream, keep: node is null ? 1 : 0);
        }
    }

    private void Trim(HistoryStream stream, int keep)
    {
        long before = stream.Bytes;
        while (budget.IsExceeded && stream.Count > keep)
        {
            stream.DropOldest();
            budget.Add(stream.Bytes - before);
            before = stream.Bytes;
        }
        if (!stream.IsEmpty)
            return;
        Place(stream);
        TryForget(stream);
    }

    private void DropExpired(HistoryStream stream, long now)
    {
        long before = stream.Bytes;
        stream.DropExpired(now);
        budget.Add(stream.Bytes - before);
    }

    /// <summary>To the end of the list that it belongs in.</summary>
    private void Place(HistoryStream stream)
    {
        stream.Node.List?.Remove(stream.Node);
        (stream.IsEmpty ? _empty : _byUse).AddLast(stream.Node);
    }

    /// <summary>Forgets a stream without messages and its epoch, unless somebody relies on it.</summary>
    /// <remarks>
    /// A subscriber enters the table of subscribed, then looks at the generation; here the generation is renewed, then the table is asked.
    /// So one of the two sees the other, and nobody is told the epoch of the stream that goes.
    /// </remarks>
    private void TryForget(HistoryStream stream)
    {
        if (isSubscribed(stream.Channel))
            return;
        epochs.Renew(stream.Channel);
        Interlocked.MemoryBarrier();
        if (isSubscribed(stream.Channel))
            return;
        _streams.Remove(stream.Channel);
        _empty.Remove(stream.Node);
        budget.Add(-stream.Bytes);
    }
}
