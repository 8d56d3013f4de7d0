using Gateway.Protocol.WebSockets;
using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Connections.Sending;

/// <summary>
/// The outgoing side of one connection: what is queued for its client, bounded by <c>Limits:OutboundBytes</c>. Safe for any thread. Nobody
/// who puts something in ever waits but the connection's own read loop, in <see cref="FrameSender.FlushAsync"/>.
/// </summary>
internal sealed partial class ConnectionWriter(
    FrameEncoding encoding, IOutput output, IWriterOwner owner, SendScheduler scheduler, int limit)
    : FrameSender(encoding, output, scheduler), ISubscriber
{
    private static readonly CloseStatus TooSlow = new(CloseCode.SlowConsumer, "slow consumer: the outbound queue is full");

    private int _dropped;

    public ConnectionId Id => owner.Id;

    public bool Deliver(FrameBatch batch, Subscription subscription, ref ScheduledSends? scheduled)
    {
        Overflow overflow = default;
        bool schedule, isBehind;
        lock (this)
        {
            if (_state != State.Open || subscription.Ended)
                return true;
            bool wantsAll = !batch.IsSelective && (batch.FirstSeq == 0 || batch.FirstSeq > subscription.StartSeq);
            var all = new QueuedFrames(batch, 0, batch.Count, subscription);
            if (wantsAll && _queue.Bytes + all.Cost <= limit)
            {
                subscription.LastSeq = batch.LastSeq;
                _queue.Enqueue(all);
            }
            else
            {
                EnqueueFrames(batch, subscription, ref overflow);
            }
            isBehind = IsBehind;
            schedule = Schedule();
        }
        if (schedule)
            Scheduler.Add(this, ref scheduled);
        if (overflow.Policy is not null)
            Report(overflow);
        return !isBehind;
    }

    public void CatchUp() => Scheduler.Help();

    public void OnGap(Subscription subscription) => owner.OnGap(subscription);

    /// <summary>Sends a message that names the subscription's position, in its exact place among the subscription's messages.</summary>
    /// <param name="subscription">The subscription.</param>
    /// <param name="send">Sends the message, given the seq that the subscription has come to. Called under the writer's lock.</param>
    /// <returns>False when the subscription has ended: nothing is sent.</returns>
    public bool TrySendAt(Subscription subscription, Action<long> send)
    {
        lock (this)
        {
            if (subscription.Ended)
                return false;
            send(subscription.LastSeq);
            return true;
        }
    }

    /// <summary>
    /// Ends a subscription: after this no frame of it is queued. What is queued of it is still sent, unless <paramref name="drop"/>.
    /// </summary>
    public void End(Subscription subscription, bool drop)
    {
        lock (this)
        {
            subscription.Ended = true;
            if (drop)
                _queue.Drop(subscription);
        }
    }

    private protected override void OnTaken()
    {
        if (!_lacksPresence || _queue.Bytes > limit / 2)
            return;
        _lacksPresence = false;
        // Under the lock the owner cannot ask for the snapshots.
        ThreadPool.UnsafeQueueUserWorkItem(static owner => owner.OnPresenceDropped(), owner, preferLocal: false);
    }

    private void EnqueueFrames(FrameBatch batch, Subscription subscription, ref Overflow overflow)
    {
        var entries = batch.Entries;
        for (int i = 0; i < entries.Length && !subscription.Ended && _state == State.Open; i++)
        {
            if (!entries[i].IsFor(subscription))
                continue;
            if (entries[i].Seq != 0)
                subscription.LastSeq = entries[i].Seq;
            var frame = new QueuedFrames(batch, i, i + 1, subscription);
            bool fits = SlowConsumer.HasRoomFor(ref _queue, limit, frame, ref overflow);
            _lacksPresence |= overflow.LacksPresence;
            if (overflow.Disconnects)
            {
                TakeNoMore(State.Completed);
                _queue.Clear();
            }
            if (!fits)
                continue;
            _queue.Enqueue(frame);
            if (entries[i].Presence is { IsSnapshot: true } snapshot)
                subscription.FindPresence(snapshot.Version);
        }
    }

    private void Report(in Overflow overflow)
    {
        if (overflow.Dropped > 0)
            Scheduler.Metrics.SlowConsumer(overflow.Policy!, overflow.Dropped);
        long dropped = Interlocked.Add(ref _dropped, overflow.Dropped);
        owner.OnOverflow(overflow.Disconnects ? "disconnect" : overflow.Policy!, overflow.Channel!, dropped);
        foreach (var subscription in overflow.Gaps ?? [])
            owner.OnGap(subscription);
        if (!overflow.Disconnects)
            return;
        Scheduler.Metrics.SlowConsumer("disconnect");
        owner.OnSlow(TooSlow);
    }
}
