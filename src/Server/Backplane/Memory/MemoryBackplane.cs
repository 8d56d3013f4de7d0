using System.Collections.Concurrent;
using Gateway.Protocol.Messages;
using Gateway.Server.Clock;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Backplane.Memory;

/// <summary>The backplane of a node that stands alone: everything in this process, gone with it. Safe for any thread.</summary>
/// <remarks>
/// A channel belongs to one shard, and its shard's lock is its order: the position is given, the message kept and the sink
/// called under it. The sink takes the channel table's locks, so nothing called by the table may take a shard's.
/// </remarks>
internal sealed class MemoryBackplane : IBackplane, ITickHandler
{
    private const int ShardCount = 32;

    private readonly MemoryShard[] _shards;
    // With the generation of the epoch that subscribers are told while there is no stream; null for a moment, before it is known.
    private readonly ConcurrentDictionary<ChannelName, long?> _subscribed = new(ChannelNameComparer.Instance);
    private readonly EmptyEpochs _epochs = new();
    private readonly HistoryBudget _budget;
    private readonly TimeProvider _time;
    private readonly Func<ChannelName, string> _emptyEpoch;
    private IBackplaneSink? _sink;
    private int _handlers;

    public MemoryBackplane(GatewayOptions options, TimeProvider time)
    {
        var keys = new KeyBudget();
        _budget = new HistoryBudget(options.HistoryBytes);
        _shards = [.. Enumerable.Range(0, ShardCount).Select(_ => new MemoryShard(keys, _budget, _epochs, _subscribed.ContainsKey))];
        _time = time;
        _emptyEpoch = EmptyEpochOf;
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
            byte[]? key = request.Key.IsEmpty ? null : IdempotencyKeys.Of(channel, request.Key);
            if (key is not null && shard.Keys.TryGet(key, now, out var earlier))
                return new(earlier);
            var result = new PublishResult(
                PublishOutcome.Accepted, channel.Namespace.Rules.HasHistory ? Keep(shard, channel, request, now) : null);
            if (key is not null)
                shard.Keys.Add(key, result, now);
            _sink!.OnPublication(channel, new Publication
            {
                Payload = request.Payload,
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
        // First the channel is in the table, then the generation is looked at: MemoryShard, where it forgets a stream, does it the other
        // way round.
        if (_subscribed.TryAdd(channel, null))
        {
            Interlocked.MemoryBarrier();
            _subscribed[channel] = _epochs.Generation(channel);
        }
        return new(true);
    }

    public void Unsubscribe(ChannelName channel) => _subscribed.TryRemove(channel, out _);

    public ValueTask<HistoryPage?> ReadAsync(ChannelName channel, HistoryQuery query)
    {
        var shard = ShardOf(channel);
        lock (shard.Gate)
        {
            var page = shard.Find(channel, Now)?.Read(query);
            return new(page ?? new HistoryPage(new Position(EmptyEpochOf(channel), 0), Oldest: 1, [], More: false));
        }
    }

    public ValueTask<bool> JoinAsync(ChannelName channel, PresentUser user, string connection)
    {
        var shard = ShardOf(channel);
        lock (shard.Gate)
        {
            if (!shard.Presence.TryGetValue(channel, out var present))
                shard.Presence.Add(channel, present = new PresenceSet());
            if (!present.Join(user))
                return new(true);
            present.Version = ++shard.PresenceVersion;
            _sink!.OnPresence(channel, new PresenceChange(user, Joined: true, present.Count, present.Version));
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
            present.Version = ++shard.PresenceVersion;
            _sink!.OnPresence(channel, new PresenceChange(gone, Joined: false, present.Count, present.Version));
            return default;
        }
    }

    public ValueTask<PresenceSnapshot?> PresenceAsync(ChannelName channel, int maxUsers)
    {
        var shard = ShardOf(channel);
        lock (shard.Gate)
        {
            return new(shard.Presence.TryGetValue(channel, out var present)
                ? present.Snapshot(maxUsers)
                : new PresenceSnapshot(new PresenceState([], 0), shard.PresenceVersion));
        }
    }

    public ValueTask<PresenceSnapshot?> RepairPresenceAsync(ChannelName channel, int maxUsers) => PresenceAsync(channel, maxUsers);

    /// <summary>One shard a tick: what has expired is not served anyway, so clearing it away has time.</summary>
    void ITickHandler.OnTick(long milliseconds)
    {
        var shard = _shards[(uint)_handlers++ % ShardCount];
        lock (shard.Gate)
            shard.Sweep(Now);
        MakeRoom();
    }

    public ValueTask DisposeAsync() => default;

    private Position Keep(MemoryShard shard, ChannelName channel, in PublishRequest request, long now) =>
        shard.Append(
            channel,
            _emptyEpoch,
            new PublishedMessage(request.Payload.Kind, request.Payload.Bytes.ToArray(), request.Sender, Seq: 0, now));

    private void MakeRoom()
    {
        foreach (var shard in _budget.IsExceeded ? _shards : [])
        {
            lock (shard.Gate)
                shard.ForgetEmpty();
        }
        while (_budget.IsExceeded)
        {
            var shard = _shards.MinBy(shard =>
            {
                lock (shard.Gate)
                    return shard.LongestUnused;
            })!;
            lock (shard.Gate)
            {
                if (!shard.TrimLongestUnused())
                    return;
            }
        }
    }

    /// <summary>Of a channel without a stream: what its subscribers were told, or what the next one will be.</summary>
    private string EmptyEpochOf(ChannelName channel) =>
        EmptyEpochs.EpochOf(channel, _subscribed.GetValueOrDefault(channel) ?? _epochs.Generation(channel));

    private MemoryShard ShardOf(ChannelName channel) => _shards[(uint)channel.GetHashCode() % ShardCount];
}
