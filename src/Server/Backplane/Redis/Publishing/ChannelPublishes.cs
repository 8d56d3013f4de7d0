using Gateway.Server.Naming;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis.Publishing;

/// <summary>The messages that wait to be published to one channel, in batches. Used under its publisher's lock, but for what does not change.</summary>
internal sealed class ChannelPublishes(ChannelName name, RedisKeys keys, TimeProvider time)
{
    private readonly Queue<PublishBatch> _batches = new(1);
    private PublishBatch? _newest;

    public ChannelName Name => name;

    public byte[] Flow => keys.Flow;

    /// <summary>What a script that keeps messages touches.</summary>
    public RedisKey[] HistoryKeys => field ??= [keys.Meta, keys.Stream];

    /// <summary>What a script touches that publishes each message once.</summary>
    public RedisKey[] OnceKeys => field ??= [keys.Results, keys.OlderResults];

    /// <summary>What a script touches that does both.</summary>
    public RedisKey[] HistoryOnceKeys => field ??= [.. HistoryKeys, .. OnceKeys];

    /// <summary>Whether something is under way, or waits for its turn.</summary>
    public bool IsBusy { get; set; }

    /// <summary>Whether somebody will look whether it is needed any more.</summary>
    public bool IsIdling { get; set; }

    public bool HasMore => _batches.Count > 0;

    /// <summary>The first batch's size.</summary>
    public (int Messages, int Bytes) Next => (_batches.Peek().Count, _batches.Peek().Bytes);

    /// <summary>Where the first batch goes.</summary>
    public RedisConnection Connection => _batches.Peek().Connection;

    /// <returns>The message's result.</returns>
    public ValueTask<PublishResult> Add(RedisConnection connection, in PublishRequest request, int size)
    {
        if (_newest is null || !_newest.HasRoomFor(size))
            _batches.Enqueue(_newest = new PublishBatch(this, connection, time));
        return _newest.Add(connection, request, size);
    }

    /// <summary>The first batch, to which nothing is added any more; null for none.</summary>
    public PublishBatch? Take()
    {
        if (!_batches.TryDequeue(out var batch))
            return null;
        if (batch == _newest)
            _newest = null;
        return batch;
    }
}
