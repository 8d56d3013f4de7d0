using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Memory;

/// <summary>
/// Remembers for five minutes which keys were published, and with which result. When there are too many in all shards together, those that
/// hold more than their share forget their oldest. Guarded by its shard's lock.
/// </summary>
internal sealed class IdempotencyKeys(KeyBudget budget)
{
    /// <summary>A shard remembers so many whatever the others hold: a flood in one channel must not cost those of others.</summary>
    private const int Share = 4096;

    private const long Window = 5 * 60 * 1000;

    private readonly Dictionary<byte[], PublishResult> _results = new(ByteArrayComparer.Instance);
    private readonly Queue<(byte[] Key, long Expires)> _order = new();

    /// <summary>A channel's key as one array, which is what this is asked with.</summary>
    public static byte[] Of(ChannelName channel, in IdempotencyKey key) => [.. channel.Utf8, 0, .. key.ToArray()];

    public bool TryGet(byte[] key, long now, out PublishResult result)
    {
        Forget(now);
        return _results.TryGetValue(key, out result);
    }

    public void Add(byte[] key, PublishResult result, long now)
    {
        _results[key] = result;
        _order.Enqueue((key, now + Window));
        budget.Add(1);
    }

    /// <summary>Drops what is out of its time, or too much.</summary>
    public void Forget(long now)
    {
        while (_order.TryPeek(out var oldest) && (oldest.Expires <= now || (_order.Count > Share && budget.IsExceeded)))
        {
            _order.Dequeue();
            _results.Remove(oldest.Key);
            budget.Add(-1);
        }
    }
}
