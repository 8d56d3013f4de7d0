using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Redis.Publishing;

/// <summary>
/// Publishes messages to one Redis server or cluster. A channel has one call under way at a time, and messages that are published meanwhile
/// gather for the next. So a channel keeps its order whatever happens to a call, and load makes calls larger, not more. Safe for any
/// thread.
/// </summary>
/// <remarks>
/// A lone server has a few calls under way, and each takes the messages of several channels: a call costs the client library and Redis as
/// much as ten messages in it. A cluster takes one channel in a call, and calls of different channels do not wait for each other. No other
/// lock is taken under the publisher's. Results are completed outside of it.
/// </remarks>
internal sealed class RedisPublisher(string prefix, TimeProvider time, BackplaneMetrics metrics)
{
    /// <summary>Calls that keep a lone server busy while answers are on their way. More would make calls smaller, and so dearer.</summary>
    private const int MaxCalls = 4;

    /// <summary>Bytes that may wait for their call: far more than a healthy Redis lets gather. Beyond them messages are refused.</summary>
    private const long MaxWaitingBytes = 32 << 20;

    /// <summary>
    /// Idle channels whose keys' names are kept, as a channel that is published to now and then needs them again.
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

    /// <summary>Sends a call, and the calls that follow it.</summary>
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
            // The next call is sent before the results of this one are completed, which takes as long as sending.
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

    /// <summary>Takes note of the end of a batch's call.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="result">The batch's result.</param>
    /// <param name="refused">
    /// Gets the batches that waited behind a failed call. They would wait too long for their own call, and were not sent.
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

    /// <summary>Takes the next call.</summary>
    /// <returns>Null when nothing waits, or the most calls are under way.</returns>
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
