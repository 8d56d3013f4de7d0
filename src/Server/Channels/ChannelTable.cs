using Gateway.Server.Backplane;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;

namespace Gateway.Server.Channels;

/// <summary>
/// The channels that have subscribers on this node, by name, in shards with a lock each. A channel enters with its first holder, when the
/// backplane is asked for its messages, and goes with the last. Safe for any thread.
/// </summary>
internal sealed class ChannelTable : IBackplaneSink
{
    /// <summary>A power of two well above the number of cores, so that two threads seldom want the same shard.</summary>
    private const int ShardCount = 64;

    private readonly Shard[] _shards = [.. Enumerable.Range(0, ShardCount).Select(_ => new Shard())];
    private readonly IBackplane _backplane;
    private readonly GatewayMetrics _metrics;
    private readonly PresenceGatherer _presence;
    private readonly ILogger<Channel> _log;
    private readonly IOccupancy? _occupancy;

    public ChannelTable(
        IBackplane backplane, GatewayMetrics metrics, PresenceGatherer presence, ILogger<Channel> log, IOccupancy? occupancy = null)
    {
        _log = log;
        _occupancy = occupancy?.Tracks(OccupancyKind.Channel) == true ? occupancy : null;
        _backplane = backplane;
        _metrics = metrics;
        _presence = presence;
    }

    /// <summary>Channels with subscribers here.</summary>
    public int Count => _shards.Sum(shard => shard.Count);

    /// <summary>Subscriptions here, active or about to be.</summary>
    public long SubscriptionCount => _shards.Sum(shard => shard.Holders);

    /// <summary>Those there at some moment during the call; one shard's lock at a time.</summary>
    public IEnumerable<Channel> All() => _shards.SelectMany(shard => shard.Snapshot());

    /// <summary>The channel, if anyone here is subscribed to it.</summary>
    public Channel? Find(ReadOnlySpan<byte> utf8)
    {
        var shard = ShardOf(ChannelName.Hash(utf8));
        lock (shard.Gate)
            return shard.BySpan.TryGetValue(utf8, out var channel) ? channel : null;
    }

    /// <summary>
    /// The channel, held until <see cref="Release"/>. Await <see cref="Channel.Flowing"/> before relying on its messages.
    /// </summary>
    public Channel Acquire(ChannelName name)
    {
        var shard = ShardOf(name.GetHashCode());
        lock (shard.Gate)
        {
            if (!shard.Channels.TryGetValue(name, out var channel))
            {
                channel = new Channel(name, _metrics, _log, _presence);
                shard.Channels.Add(name, channel);
                _occupancy?.Enter(OccupancyKind.Channel, name.ToString());
            }
            // Asked for under the lock, so that a release by another thread can't overtake it; and again where it came to nothing,
            // for others may be holding the channel all the time.
            if (channel.Flowing is { IsCompleted: true } and not { IsCompletedSuccessfully: true, Result: true })
                channel.Flowing = _backplane.SubscribeAsync(name).AsTask();
            channel.Holders++;
            shard.Holders++;
            return channel;
        }
    }

    public void Release(Channel channel)
    {
        var shard = ShardOf(channel.Name.GetHashCode());
        lock (shard.Gate)
        {
            shard.Holders--;
            if (--channel.Holders > 0)
                return;
            shard.Channels.Remove(channel.Name);
            _occupancy?.Leave(OccupancyKind.Channel, channel.Name.ToString());
            _backplane.Unsubscribe(channel.Name);
        }
    }

    void IBackplaneSink.OnPublication(ChannelName channel, in Publication publication)
    {
        if (Find(channel.Utf8) is not { } found || found.TryAppend(publication))
            return;
        _metrics.Overloaded();
        // With history the subscribers are told, and recover at their own speed; without, delivery is at most once.
        if (publication.Seq != 0)
            found.Invalidate();
    }

    void IBackplaneSink.OnPresence(ChannelName channel, PresenceChange change) => Find(channel.Utf8)?.AppendPresence(change);

    void IBackplaneSink.OnPresenceLost(ChannelName channel) => Find(channel.Utf8)?.LosePresence();

    void IBackplaneSink.OnInterrupted(ChannelName channel)
    {
        var shard = ShardOf(channel.GetHashCode());
        lock (shard.Gate)
        {
            // What is still being asked for has its own answer.
            if (shard.Channels.TryGetValue(channel, out var found) && found.Flowing.IsCompleted)
                found.Flowing = Task.FromResult(false);
        }
    }

    void IBackplaneSink.OnLost(ChannelName channel) => Find(channel.Utf8)?.Invalidate();

    private Shard ShardOf(int hash) => _shards[(uint)hash % ShardCount];

    private sealed class Shard
    {
        public Shard() => BySpan = Channels.GetAlternateLookup<ReadOnlySpan<byte>>();

        public Lock Gate { get; } = new();

        public Dictionary<ChannelName, Channel> Channels { get; } = new(ChannelNameComparer.Instance);

        public Dictionary<ChannelName, Channel>.AlternateLookup<ReadOnlySpan<byte>> BySpan { get; }

        public Channel[] Snapshot()
        {
            lock (Gate)
                return [.. Channels.Values];
        }

        /// <summary>Of all its channels. Written under the lock.</summary>
        public long Holders { get; set; }

        public int Count
        {
            get
            {
                lock (Gate)
                    return Channels.Count;
            }
        }
    }
}
