using Gateway.Protocol.WebSockets;
using Gateway.Server.Channels;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Connections.Sending;

/// <content>What happens when the queue is full: the slow-consumer policies.</content>
internal sealed partial class ConnectionWriter
{
    private static readonly CloseStatus TooSlow = new(CloseCode.SlowConsumer, "slow consumer: the outbound queue is full");

    private long _dropped;

    /// <summary>What a delivery found out under the lock and is told to the owner after it.</summary>
    private struct Overflow
    {
        public bool Disconnect;
        public int Dropped;
        public string? Policy;
        public ChannelName? Channel;
        public List<Subscription>? Gaps;
    }

    /// <summary>
    /// Makes room for a frame as its namespace's policy says. A message always fits an empty queue, so that one larger than
    /// the limit can be sent at all.
    /// </summary>
    private bool HasRoomFor(QueuedFrames frame, ref Overflow overflow)
    {
        if (Fits(frame))
            return true;
        var (subscription, ofNamespace) = (frame.Subscription!, frame.Subscription!.Channel.Name.Namespace);
        overflow.Channel = subscription.Channel.Name;
        if (ofNamespace.Rules.SlowConsumer == SlowConsumerPolicy.Disconnect)
            return Disconnect("disconnect", ref overflow);
        if (ofNamespace.Rules.HasHistory)
            return EndSubscriptions(frame, ofNamespace, ref overflow);
        return ofNamespace.Rules.SlowConsumer == SlowConsumerPolicy.DropOldest
            ? DropOldest(frame, ofNamespace, ref overflow)
            : Conflate(frame, ofNamespace, ref overflow);
    }

    private bool Fits(QueuedFrames frame) => _queue.Bytes == 0 || _queue.Bytes + frame.Cost <= _limit;

    private bool Disconnect(string policy, ref Overflow overflow)
    {
        overflow.Policy = policy;
        overflow.Disconnect = true;
        _state = State.Completed;
        _queue.Clear();
        _repliesSent?.TrySetResult();
        return false;
    }

    private bool DropOldest(QueuedFrames frame, Namespace ofNamespace, ref Overflow overflow)
    {
        overflow.Policy = "drop-oldest";
        while (!Fits(frame))
        {
            overflow.Dropped++;
            // Nothing older of this namespace is queued: this message is the oldest.
            if (_queue.DropOldest(ofNamespace) is null)
                return frame.IsPresence && LosePresence(frame, ofNamespace, ref overflow);
        }
        return true;
    }

    private bool Conflate(QueuedFrames frame, Namespace ofNamespace, ref Overflow overflow)
    {
        overflow.Policy = "latest";
        overflow.Dropped += _queue.Conflate(ofNamespace, frame.IsPresence ? null : frame.Subscription);
        if (Fits(frame))
            return true;
        if (frame.IsPresence)
            return LosePresence(frame, ofNamespace, ref overflow);
        _lacksPresence = true;
        overflow.Dropped += _queue.DropPresence(ofNamespace);
        return Fits(frame) || Disconnect("latest", ref overflow);
    }

    /// <summary>
    /// Presence goes before messages, of which it is a fraction: a change that is missing would mislead from then on. Where there is no
    /// room even so, what is queued of the subscription's goes too, and a snapshot takes its place as soon as there is room.
    /// </summary>
    /// <returns>False: the frame is not queued.</returns>
    private bool LosePresence(QueuedFrames frame, Namespace ofNamespace, ref Overflow overflow)
    {
        _lacksPresence = true;
        overflow.Dropped += _queue.DropPresence(ofNamespace, frame.Subscription);
        frame.Subscription!.LosePresence();
        return false;
    }

    /// <summary>Called with the lock held, when something was sent. The owner asks for what may not be asked for under it.</summary>
    private void RecallPresence()
    {
        if (!_lacksPresence || _queue.Bytes > _limit / 2)
            return;
        _lacksPresence = false;
        ThreadPool.UnsafeQueueUserWorkItem(static owner => owner.OnPresenceDropped(), _owner, preferLocal: false);
    }

    /// <summary>
    /// Messages with positions are never dropped singly, for a gap would be silent. The subscription they belong to ends
    /// instead, and the client recovers from history when it has caught up (protocol, "Order, positions, recovery").
    /// </summary>
    private bool EndSubscriptions(QueuedFrames frame, Namespace ofNamespace, ref Overflow overflow)
    {
        overflow.Policy = ofNamespace.Rules.SlowConsumer == SlowConsumerPolicy.Latest ? "latest" : "drop-oldest";
        while (!Fits(frame) && !frame.Subscription!.Ended)
        {
            var victim = _queue.DropOldest(ofNamespace) ?? frame.Subscription;
            overflow.Dropped += 1 + _queue.Drop(victim);
            victim.Ended = true;
            (overflow.Gaps ??= []).Add(victim);
        }
        return !frame.Subscription!.Ended;
    }

    private void Report(in Overflow overflow)
    {
        if (overflow.Policy is null)
            return;
        if (overflow.Dropped > 0)
            _metrics.SlowConsumer(overflow.Policy, overflow.Dropped);
        _owner.OnOverflow(overflow.Disconnect ? "disconnect" : overflow.Policy, overflow.Channel!, Interlocked.Add(ref _dropped, overflow.Dropped));
        foreach (var subscription in overflow.Gaps ?? [])
            _owner.OnGap(subscription);
        if (!overflow.Disconnect)
            return;
        _metrics.SlowConsumer("disconnect");
        _owner.OnSlow(TooSlow);
    }
}
