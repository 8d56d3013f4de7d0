using System.Collections.Concurrent;
using Gateway.Channels;
using Gateway.Hosting;
using Gateway.Options;
using Gateway.Protocol.Messages;

namespace Gateway.Backplane.Memory;

/// <summary>
/// Safe for any thread. The backplane of a node that stands alone: everything in this process, gone with it.
/// </summary>
/// <remarks>
/// A channel belongs to one shard, and its shard's lock is its order: the position is given, the message kept and the sink
/// called under it. The sink takes the channel table's locks, so nothing called by the table may take a shard's.
/// </remarks>
internal sealed class MemoryBackplane : IBackplane, ISwept
{
    private const int ShardCount = 32;

    private readonly MemoryShard[] _shards = [.. Enumerable.Range(0, ShardCount).Select(_ => new MemoryShard())];
    private readonly ConcurrentDictionary<ChannelName, byte> _subscribed = new(ChannelNameComparer.Instance);
    private readonly HistoryBudget _budget;
    private readonly TimeProvider _time;
    private readonly Func<ChannelName, bool> _isSubscribed;
    private IBackplaneSink? _sink;
    private int _swept;

    public MemoryBackplane(GatewayOptions options, TimeProvider time)
    {
        _budget = new HistoryBudget(options.HistoryBytes);
        _time = time;
        _isSubscribed = _subscribed.ContainsKey;
    }

    public string Description => "memory (this node alone; history is lost on restart)";

    public string? Problem => null;

    public string? Degradation => null;

    /// <summary>Bytes held by history.</summary>
    public long HistoryBytes => _budget.Bytes;

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    public ValueTask StartAsync(IBackplaneSink sink, CancellationToken cancellation)
    {
        _sink = sink;
        return default;
    }

    public ValueTask<PublishResult> PublishAsync(ChannelName channel, in PublishRequest request)
    {
        var shard = ShardOf(channel);
        long now = Now;
        lock (shard.Gate)
        {
            if (!request.Key.IsEmpty && shard.Keys.TryGet(channel, request.Key, now, out var earlier))
                return new(earlier);
            var result = new PublishResult(PublishOutcome.Accepted, channel.Namespace.Rules.HasHistory ? Keep(shard, channel, request, now) : null);
            if (!request.Key.IsEmpty)
                shard.Keys.Add(channel, request.Key, result, now);
            _sink!.OnPublication(channel, new Publication
            {
                Content = request.Content,
                Sender = request.Sender,
                Epoch = result.Position?.Epoch,
                Seq = result.Position?.Seq ?? 0,
                Time = now,
                Except = request.Except,
                Trace = request.Trace,
            });
            return new(result);
        }
    }

    public ValueTask<bool> SubscribeAsync(ChannelName channel)
    {
        _subscribed[channel] = 0;
        return new(true);
    }

    public void Unsubscribe(ChannelName channel) => _subscribed.TryRemove(channel, out _);

    public ValueTask<HistoryPage?> ReadAsync(ChannelName channel, HistoryQuery query)
    {
        var shard = ShardOf(channel);
        lock (shard.Gate)
        {
            return new(shard.Use(channel, Now, _budget).Read(query));
        }
    }

    public ValueTask<bool> JoinAsync(ChannelName channel, PresentUser user, string connection)
    {
        var shard = ShardOf(channel);
        lock (shard.Gate)
        {
            if (!shard.Presence.TryGetValue(channel, out var present))
                shard.Presence.Add(channel, present = new PresenceSet());
            if (present.Join(user))
                _sink!.OnPresence(channel, new PresenceChange(user, Joined: true, present.Count));
            return new(true);
        }
    }

    public ValueTask LeaveAsync(ChannelName channel, string user, string connection)
    {
        var shard = ShardOf(channel);
        lock (shard.Gate)
        {
            if (!shard.Presence.TryGetValue(channel, out var present) || present.Leave(user) is not { } gone)
                return default;
            if (present.Count == 0)
                shard.Presence.Remove(channel);
            _sink!.OnPresence(channel, new PresenceChange(gone, Joined: false, present.Count));
            return default;
        }
    }

    public ValueTask<PresenceState?> PresenceAsync(ChannelName channel, int maxUsers)
    {
        var shard = ShardOf(channel);
        lock (shard.Gate)
            return new(shard.Presence.TryGetValue(channel, out var present) ? present.Snapshot(maxUsers) : new PresenceState([], 0));
    }

    /// <summary>One shard a tick: what has expired is not served anyway, so clearing it away has time.</summary>
    void ISwept.OnTick(long milliseconds)
    {
        var shard = _shards[(uint)_swept++ % ShardCount];
        lock (shard.Gate)
            shard.Sweep(Now, _budget, _isSubscribed);
        MakeRoom();
    }

    public ValueTask DisposeAsync() => default;

    private Position Keep(MemoryShard shard, ChannelName channel, in PublishRequest request, long now)
    {
        var stream = shard.Use(channel, now, _budget);
        long before = stream.Bytes;
        var position = stream.Append(new PublishedMessage(request.Content.ToArray(), request.Sender, stream.Top.Seq + 1, now));
        _budget.Add(stream.Bytes - before);
        // What is a little too much is taken from whoever was longest unused, at the next tick; a flood is stopped at its own shard.
        if (_budget.IsFarExceeded)
            shard.MakeRoom(_budget, _isSubscribed);
        return position;
    }

    private void MakeRoom()
    {
        while (_budget.IsExceeded)
        {
            var shard = _shards.MinBy(shard =>
            {
                lock (shard.Gate)
                    return shard.LongestUnused;
            })!;
            lock (shard.Gate)
            {
                if (!shard.TrimLongestUnused(_budget, _isSubscribed))
                    return;
            }
        }
    }

    private MemoryShard ShardOf(ChannelName channel) => _shards[(uint)channel.GetHashCode() % ShardCount];
}
