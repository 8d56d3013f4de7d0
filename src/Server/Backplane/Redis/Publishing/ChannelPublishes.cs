using Gateway.Server.Naming;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis.Publishing;

/// <summary>Under its publisher's lock, but for what does not change. What waits to be published to one channel, in batches.</summary>
internal sealed class ChannelPublishes(ChannelName name, RedisKeys keys)
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
    public ValueTask<PublishResult> Add(RedisConnection connection, in PublishRequest request, int size, long time)
    {
        if (_newest is null || !_newest.HasRoomFor(size))
            _batches.Enqueue(_newest = new PublishBatch(this, connection));
        return _newest.Add(connection, request, size, time);
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
