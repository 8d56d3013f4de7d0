using System.Diagnostics;
using Gateway.Server.Backplane;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;

namespace Gateway.Server.Channels;

/// <summary>One channel's subscribers on this node and the messages on their way to them. Safe for any thread.</summary>
/// <remarks>
/// Appending puts a message into a batch and returns; one work item at a time hands the batches to the subscribers. Messages that arrive
/// meanwhile gather into the next batch, so that load makes batches larger, not sends more.
/// Lock order: the channel's lock, then a subscriber's. The fan-out holds no channel lock.
/// </remarks>
internal sealed partial class Channel(ChannelName name, GatewayMetrics metrics, ILogger log, PresenceGatherer? presence = null)
    : IThreadPoolWorkItem
{
    /// <summary>
    /// Subscribers above which the thread pool does the fan-out, and sends begin beside it instead of after it: writing to so many takes a
    /// tenth of a millisecond.
    /// </summary>
    private const int ManySubscribers = 1024;

    /// <summary>
    /// Deliveries after which the fan-out goes to the end of the queue, so that one busy channel does not keep a thread from all others.
    /// </summary>
    private const int DeliveriesPerTurn = 16_384;

    private readonly Lock _gate = new();
    private readonly SubscriberSlots _slots = new();
    private BatchQueue _batches = new();
    private EncodingCounts _encodings;
    private bool _draining;

    public ChannelName Name { get; } = name;

    /// <summary>Subscriptions that hold this channel in the table, active or about to be. Guarded by the table's lock.</summary>
    public int Holders { get; set; }

    /// <summary>Completes with whether the backplane sends this channel here. Guarded by the table's lock.</summary>
    public Task<bool> Flowing { get; set; } = Task.FromResult(false);

    /// <summary>The last seq that arrived; 0 when none did yet.</summary>
    public long LastSeq { get; private set; }

    /// <summary>The epoch that <see cref="LastSeq"/> is of; null when no message with a position arrived yet.</summary>
    public string? Epoch { get; private set; }

    /// <summary>
    /// How often the stream was lost. Read before a position is read, the number tells <see cref="TryActivate"/> whether that position is
    /// still one of this stream.
    /// </summary>
    public long Generation { get; private set; }

    /// <summary>Whether so much waits for the fan-out that publishers are to wait.</summary>
    public bool IsBacklogged => _batches.IsBacklogged;

    public int SubscriberCount
    {
        get
        {
            lock (_gate)
                return _slots.Count;
        }
    }

    /// <summary>Completes when the backlog has gone.</summary>
    public Task WaitForCapacityAsync()
    {
        lock (_gate)
            return _batches.WaitForCapacityAsync();
    }

    /// <summary>Takes a message for all subscribers there are now.</summary>
    /// <returns>False when so many are waiting to be handed out that this one was dropped.</returns>
    public bool TryAppend(in Publication publication)
    {
        lock (_gate)
        {
            if (publication.Seq != 0)
                (LastSeq, Epoch) = (publication.Seq, publication.Epoch);
            if (_slots.Count == 0)
                return true;
            if (_batches.IsOverloaded)
                return false;
            var batch = _batches.BatchFor(_encodings.Only, MessageBatch.SizeOf(Name, publication));
            Schedule(batch.Append(Name, publication));
            return true;
        }
    }

    /// <summary>
    /// Lets messages flow to a subscription, from the one after <paramref name="position"/> on, or, when later ones have gone by, from the
    /// one after those: <see cref="Subscription.StartSeq"/> then says where. False when the subscription has ended, or the position is not,
    /// or perhaps not, one of the stream that flows here: the stream was lost since <paramref name="generation"/> was read, or is of
    /// another epoch. It must be read again then.
    /// </summary>
    /// <param name="subscription">The subscription.</param>
    /// <param name="position">As read from the backplane; default in a namespace without history.</param>
    /// <param name="generation"><see cref="Generation"/> before the position was read.</param>
    /// <param name="reply">Sends what goes before the first message, given where the subscription starts; false when the subscription has
    /// ended. Called under the channel's lock; null for nothing.</param>
    public bool TryActivate(Subscription subscription, Position position, long generation, Func<Position, bool>? reply)
    {
        lock (_gate)
        {
            // Whoever ends a subscription marks it as ended and then takes it out under this lock: either it is marked here, or still to
            // be taken out.
            if (subscription.Ended)
                return false;
            if (Name.Namespace.Rules.HasHistory && (Generation != generation || (Epoch ?? position.Epoch) != position.Epoch))
                return false;
            if (LastSeq > position.Seq)
                position = position with { Seq = LastSeq };
            if (reply is not null && !reply(position))
                return false;
            // Closing the open batch makes "from now on" a comparison of batch numbers, and leaves each batch the encodings it began with.
            subscription.StartBatch = _batches.CloseOpen();
            subscription.StartSeq = position.Seq;
            subscription.LastSeq = position.Seq;
            _encodings.Add(subscription.Subscriber.Encoding.Source, before: _slots.Count);
            _slots.Add(subscription);
            StartPresence(subscription);
            return true;
        }
    }

    /// <summary>Stops the flow to a subscription; harmless when it never started.</summary>
    public void Deactivate(Subscription subscription)
    {
        lock (_gate)
        {
            if (subscription.Slot < 0)
                return;
            _slots.Remove(subscription);
            _encodings.Remove(subscription.Subscriber.Encoding.Source, left: _slots.Count);
        }
    }

    /// <summary>Ends every subscription with <c>insufficient_state</c>.</summary>
    public void Invalidate()
    {
        Subscription?[] all;
        lock (_gate)
        {
            (LastSeq, Epoch) = (0, null);
            Generation++;
            all = _slots.Snapshot.ToArray();
        }
        foreach (var subscription in all)
            subscription?.Subscriber.OnGap(subscription);
    }

    void IThreadPoolWorkItem.Execute()
    {
        int delivered = 0;
        ScheduledSends? sends = null;
        while (TryTake(out var batch, out var subscribers))
        {
            // There is more to do here than to send.
            ScheduledSends.Schedule(ref sends);
            long start = Stopwatch.GetTimestamp();
            int reached = FanOut(batch, subscribers, ref sends);
            metrics.FannedOut(reached, batch.Count, Stopwatch.GetElapsedTime(start));
            delivered += reached * batch.Count;
            batch.Release();
            if (delivered < DeliveriesPerTurn)
                continue;
            Queue(subscribers.Length);
            break;
        }
        ScheduledSends.Run(ref sends);
    }

    /// <returns>How many subscribers it went to.</returns>
    private int FanOut(MessageBatch batch, ReadOnlySpan<Subscription?> subscribers, ref ScheduledSends? sends)
    {
        using var activity = batch.Trace is { } trace ? Tracing.StartFanOut(trace, Name) : null;
        int reached = 0;
        long saved = 0;
        for (int i = 0; i < subscribers.Length; i++)
        {
            var subscription = Volatile.Read(in subscribers[i]);
            if (subscription is null || subscription.StartBatch > batch.Number)
                continue;
            reached++;
            saved += Deliver(batch, subscription, ref sends);
            if (subscribers.Length > ManySubscribers)
                ScheduledSends.Schedule(ref sends);
        }
        metrics.Saved(saved);
        return reached;
    }

    /// <returns>The bytes that compression saves with this subscriber.</returns>
    private int Deliver(MessageBatch batch, Subscription subscription, ref ScheduledSends? sends)
    {
        try
        {
            var subscriber = subscription.Subscriber;
            var frames = batch.FramesFor(Name, subscriber);
            if (!subscriber.Deliver(frames, subscription, ref sends))
                subscriber.CatchUp();
            return frames.SavedBytes;
        }
        catch (Exception failure)
        {
            // A fault with one subscriber must not reach the others, nor end the process from a thread-pool thread.
            LogFailure(log, failure, subscription.Subscriber.Id);
            return 0;
        }
    }

    private bool TryTake(out MessageBatch batch, out ReadOnlySpan<Subscription?> subscribers)
    {
        lock (_gate)
        {
            subscribers = _slots.Snapshot;
            return _batches.TryTake(out batch) || (_draining = false);
        }
    }

    /// <summary>Called with the lock held. Counts bytes that were appended, and has the fan-out run unless it does.</summary>
    private void Schedule(int bytes)
    {
        _batches.Add(bytes);
        if (_draining)
            return;
        _draining = true;
        Queue(_slots.Count);
    }

    private void Queue(int subscribers)
    {
        if (subscribers > ManySubscribers)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        else
            WorkQueue.Add(this);
    }

    [LoggerMessage(30, LogLevel.Error, "A delivery to connection {Connection} failed.")]
    private static partial void LogFailure(ILogger log, Exception failure, ConnectionId connection);
}
