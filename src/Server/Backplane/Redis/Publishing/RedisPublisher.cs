using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Redis.Publishing;

/// <summary>
/// Safe for any thread. The way of messages to one Redis server or cluster: a channel has one call under way at a time, and what is
/// published meanwhile gathers for the next. So a channel keeps its order whatever happens to a call, and load makes calls larger, not
/// more.
/// </summary>
/// <remarks>
/// To a lone server a few calls are under way, and each takes what has gathered for several channels: a call costs the client library and
/// Redis as much as ten messages in it. A cluster takes one channel in a call, and calls of different channels do not wait for each other.
/// Lock order: the shard's lock is never taken under this one's. Results are completed outside of it.
/// </remarks>
internal sealed class RedisPublisher(string prefix, TimeProvider time, BackplaneMetrics metrics)
{
    /// <summary>Keeps a lone server busy while answers are on their way. More make calls smaller, and so dearer.</summary>
    private const int MaxCalls = 4;

    /// <summary>Waiting for their call; far more than a Redis in order lets gather. Above it messages are refused.</summary>
    private const long MaxWaitingBytes = 32 << 20;

    /// <summary>
    /// Channels with nothing to publish whose keys' names are kept: of a channel that is published to now and then they are needed again.
    /// </summary>
    private const int MaxIdle = 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<ChannelName, ChannelPublishes> _channels = new(ChannelNameComparer.Instance);
    private readonly Queue<ChannelPublishes> _ready = new();
    private readonly Queue<ChannelPublishes> _idle = new();
    private int _calls;
    private long _waiting;

    public ValueTask<PublishResult> PublishAsync(RedisConnection connection, ChannelName channel, in PublishRequest request)
    {
        int size = PublishBatch.SizeOf(request);
        PublishCall? call;
        ValueTask<PublishResult> result;
        lock (_gate)
        {
            if (_waiting > MaxWaitingBytes)
            {
                metrics.Published(1, PublishOutcome.Refused);
                return default;
            }
            _waiting += size;
            if (!_channels.TryGetValue(channel, out var publishes))
                _channels.Add(channel, publishes = new ChannelPublishes(channel, new RedisKeys(prefix, channel), time));
            result = publishes.Add(connection, request, size);
            if (!publishes.IsBusy)
            {
                publishes.IsBusy = true;
                _ready.Enqueue(publishes);
            }
            call = TakeCall();
        }
        if (call is not null)
            _ = RunAsync(call);
        return result;
    }

    /// <summary>Sends a call, and those that may follow it.</summary>
    private async Task RunAsync(PublishCall? call)
    {
        var sending = call!.SendAsync();
        while (call is not null)
        {
            var results = await sending.ConfigureAwait(false);
            PublishCall? next;
            List<PublishCall>? more = null;
            List<PublishBatch>? refused = null;
            lock (_gate)
            {
                _calls--;
                for (int i = 0; i < results.Length; i++)
                    End(call.Batches[i], results[i], ref refused);
                next = TakeCall();
                while (TakeCall() is { } another)
                    (more ??= []).Add(another);
            }
            // On its way before those who wait for this one are told, which takes as long.
            if (next is not null)
                sending = next.SendAsync();
            foreach (var another in more ?? [])
                _ = RunAsync(another);
            for (int i = 0; i < results.Length; i++)
                Complete(call.Batches[i], results[i]);
            foreach (var batch in refused ?? [])
                Complete(batch, BatchResult.Refused);
            call = next;
        }
    }

    /// <param name="batch">What was sent.</param>
    /// <param name="result">What became of it.</param>
    /// <param name="refused">
    /// Gets what waited behind a call that failed: it would wait too long for its own, and was not sent, so nothing was done with it.
    /// </param>
    private void End(PublishBatch batch, BatchResult result, ref List<PublishBatch>? refused)
    {
        var publishes = batch.Channel;
        _waiting -= batch.Bytes;
        if (result.Outcome != PublishOutcome.Accepted)
        {
            while (publishes.Take() is { } behind)
            {
                _waiting -= behind.Bytes;
                (refused ??= []).Add(behind);
            }
        }
        if (publishes.HasMore)
        {
            _ready.Enqueue(publishes);
            return;
        }
        publishes.IsBusy = false;
        if (!publishes.IsIdling)
        {
            publishes.IsIdling = true;
            _idle.Enqueue(publishes);
        }
        while (_idle.Count > MaxIdle)
        {
            var oldest = _idle.Dequeue();
            oldest.IsIdling = false;
            if (!oldest.IsBusy)
                _channels.Remove(oldest.Name);
        }
    }

    private void Complete(PublishBatch batch, BatchResult result)
    {
        metrics.Published(batch.Count, result.Outcome);
        batch.Complete(result);
    }

    /// <returns>Null when nothing waits, or as many calls are under way as may be.</returns>
    private PublishCall? TakeCall()
    {
        if (!_ready.TryPeek(out var first) || (_calls >= MaxCalls && !first.Connection.Topology.IsCluster))
            return null;
        var call = new PublishCall(first.Connection);
        while (_ready.TryPeek(out var publishes) && call.HasRoomFor(publishes))
            call.Add(_ready.Dequeue().Take()!);
        _calls++;
        return call;
    }
}
