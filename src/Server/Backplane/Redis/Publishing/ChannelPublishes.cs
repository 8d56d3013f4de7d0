using Gateway.Server.Naming;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis.Publishing;

/// <summary>
/// The messages that wait to be published to one channel, in batches. Used under its publisher's lock, but for what does not change.
/// </summary>
internal sealed class ChannelPublishes(ChannelName name, RedisKeys keys, TimeProvider time)
{
    private readonly Queue<PublishBatch> _batches = new(1);
    private PublishBatch? _newest;

    public ChannelName Name => name;

    public byte[] Flow => keys.Flow;

    /// <summary>The keys of a script that keeps messages.</summary>
    public RedisKey[] HistoryKeys => field ??= [keys.Meta, keys.Stream];

    /// <summary>The keys of a script that publishes each idempotency key once.</summary>
    public RedisKey[] OnceKeys => field ??= [keys.Results, keys.OlderResults];

    /// <summary>The keys of a script that does both.</summary>
    public RedisKey[] HistoryOnceKeys => field ??= [.. HistoryKeys, .. OnceKeys];

    /// <summary>Whether a batch is under way or waits for its turn.</summary>
    public bool IsBusy { get; set; }

    /// <summary>Whether the channel is in the publisher's queue of idle channels.</summary>
    public bool IsIdling { get; set; }

    public bool HasMore => _batches.Count > 0;

    /// <summary>The size of the first batch.</summary>
    public (int Messages, int Bytes) Next => (_batches.Peek().Count, _batches.Peek().Bytes);

    /// <summary>The connection that the first batch goes to.</summary>
    public RedisConnection Connection => _batches.Peek().Connection;

    /// <returns>The message's result.</returns>
    public ValueTask<PublishResult> Add(RedisConnection connection, in PublishRequest request, int size)
    {
        if (_newest is null || !_newest.HasRoomFor(size))
            _batches.Enqueue(_newest = new PublishBatch(this, connection, time));
        return _newest.Add(connection, request, size);
    }

    /// <summary>Takes the first batch, to which nothing is added any more; null for none.</summary>
    public PublishBatch? Take()
    {
        if (!_batches.TryDequeue(out var batch))
            return null;
        if (batch == _newest)
            _newest = null;
        return batch;
    }
}
