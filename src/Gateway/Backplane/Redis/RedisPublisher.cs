using Gateway.Channels;

namespace Gateway.Backplane.Redis;

/// <summary>
/// Safe for any thread. The way of messages to one Redis server: a channel has one call under way at a time, and what is published
/// meanwhile gathers for the next. So a channel keeps its order whatever happens to a call, and load makes calls larger, not more.
/// </summary>
/// <remarks>Lock order: the shard's lock is never taken under this one's. Results are completed outside of it.</remarks>
internal sealed class RedisPublisher(string prefix, TimeProvider time, BackplaneMetrics metrics)
{
    /// <summary>Waiting for their call; far more than a Redis in order lets gather. Above it messages are refused.</summary>
    private const long MaxWaitingBytes = 32 << 20;

    private static readonly Task<BatchResult> Refused = Task.FromResult(new BatchResult(PublishOutcome.Refused));

    private readonly Lock _gate = new();
    private readonly Dictionary<ChannelName, PublishBatch> _newest = new(ChannelNameComparer.Instance);
    private long _waiting;

    public ValueTask<PublishResult> PublishAsync(RedisConnection connection, ChannelName channel, in PublishRequest request)
    {
        int size = PublishBatch.SizeOf(request);
        PublishBatch? free = null;
        ValueTask<PublishResult> result;
        lock (_gate)
        {
            if (_waiting > MaxWaitingBytes)
            {
                metrics.Published(1, PublishOutcome.Refused);
                return default;
            }
            _waiting += size;
            if (!_newest.TryGetValue(channel, out var batch))
            {
                _newest.Add(channel, batch = free = new PublishBatch(connection));
            }
            else if (!batch.HasRoomFor(size))
            {
                batch.Next = new PublishBatch(connection);
                _newest[channel] = batch = batch.Next;
            }
            result = batch.Add(connection, request, time.GetUtcNow().ToUnixTimeMilliseconds());
            // Nothing is under way: it leaves at once.
            if (free is not null)
                free.HasLeft = true;
        }
        if (free is not null)
            _ = SendAsync(channel, free);
        return result;
    }

    /// <summary>Sends a batch and all that gather behind it.</summary>
    private async Task SendAsync(ChannelName channel, PublishBatch batch)
    {
        var keys = new RedisKeys(prefix, channel);
        var sending = RedisHistory.AppendAsync(channel, keys, batch);
        while (true)
        {
            var result = await sending.ConfigureAwait(false);
            var next = Leave(channel, batch);
            // What waited behind a call without an answer would wait too long for its own, and was not sent: nothing was done with it.
            if (next is not null)
                sending = result.Outcome == PublishOutcome.Accepted ? RedisHistory.AppendAsync(channel, keys, next) : Refused;
            metrics.Published(batch.Count, result.Outcome);
            batch.Complete(result);
            if (next is null)
                return;
            batch = next;
        }
    }

    /// <returns>The batch that is to follow.</returns>
    private PublishBatch? Leave(ChannelName channel, PublishBatch batch)
    {
        lock (_gate)
        {
            _waiting -= batch.Bytes;
            if (batch.Next is { } next)
                next.HasLeft = true;
            else
                _newest.Remove(channel);
            return batch.Next;
        }
    }
}
