using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Connections.Sending;

/// <summary>
/// The slow-consumer policies: what happens when a frame does not fit its connection's queue. Stateless; called under the lock of the
/// queue's writer.
/// </summary>
internal static class SlowConsumer
{
    /// <summary>
    /// Makes room for a frame as its namespace's policy says. A message always fits an empty queue, so that one larger than
    /// the limit can be sent at all.
    /// </summary>
    /// <param name="queue">The queue.</param>
    /// <param name="limit">What the queue may hold.</param>
    /// <param name="frame">A frame of a subscription, which is not queued yet.</param>
    /// <param name="overflow">What was done.</param>
    /// <returns>Whether the frame is to be queued.</returns>
    public static bool HasRoomFor(ref FrameQueue queue, int limit, QueuedFrames frame, ref Overflow overflow)
    {
        if (Fits(in queue, limit, frame))
            return true;
        var ofNamespace = frame.Subscription!.Channel.Name.Namespace;
        overflow.Channel = frame.Subscription.Channel.Name;
        if (ofNamespace.Rules.SlowConsumer == SlowConsumerPolicy.Disconnect)
            return Disconnect("disconnect", ref overflow);
        if (ofNamespace.Rules.HasHistory)
            return EndSubscriptions(ref queue, limit, frame, ofNamespace, ref overflow);
        return ofNamespace.Rules.SlowConsumer == SlowConsumerPolicy.DropOldest
            ? DropOldest(ref queue, limit, frame, ofNamespace, ref overflow)
            : Conflate(ref queue, limit, frame, ofNamespace, ref overflow);
    }

    private static bool Fits(in FrameQueue queue, int limit, QueuedFrames frame) => queue.Bytes == 0 || queue.Bytes + frame.Cost <= limit;

    private static bool Disconnect(string policy, ref Overflow overflow)
    {
        (overflow.Policy, overflow.Disconnects) = (policy, true);
        return false;
    }

    private static bool DropOldest(ref FrameQueue queue, int limit, QueuedFrames frame, Namespace ofNamespace, ref Overflow overflow)
    {
        overflow.Policy = "drop-oldest";
        while (!Fits(in queue, limit, frame))
        {
            overflow.Dropped++;
            // Nothing older of this namespace is queued: this message is the oldest.
            if (queue.DropOldest(ofNamespace) is null)
                return frame.IsPresence && LosePresence(ref queue, frame, ofNamespace, ref overflow);
        }
        return true;
    }

    private static bool Conflate(ref FrameQueue queue, int limit, QueuedFrames frame, Namespace ofNamespace, ref Overflow overflow)
    {
        overflow.Policy = "latest";
        overflow.Dropped += queue.Conflate(ofNamespace, frame.IsPresence ? null : frame.Subscription);
        if (Fits(in queue, limit, frame))
            return true;
        if (frame.IsPresence)
            return LosePresence(ref queue, frame, ofNamespace, ref overflow);
        overflow.LacksPresence = true;
        overflow.Dropped += queue.DropPresence(ofNamespace);
        return Fits(in queue, limit, frame) || Disconnect("latest", ref overflow);
    }

    /// <summary>
    /// Presence goes before messages, of which it is a fraction: a change that is missing would mislead from then on. Where there is no
    /// room even so, what is queued of the subscription's presence goes too, and a snapshot takes its place as soon as there is room.
    /// </summary>
    /// <returns>False: the frame is not queued.</returns>
    private static bool LosePresence(ref FrameQueue queue, QueuedFrames frame, Namespace ofNamespace, ref Overflow overflow)
    {
        overflow.LacksPresence = true;
        overflow.Dropped += queue.DropPresence(ofNamespace, frame.Subscription);
        frame.Subscription!.LosePresence();
        return false;
    }

    /// <summary>
    /// Messages with positions are never dropped singly, for a gap would be silent. The subscription they belong to ends
    /// instead, and the client recovers from history when it has caught up (protocol, "Order, positions, recovery").
    /// </summary>
    private static bool EndSubscriptions(ref FrameQueue queue, int limit, QueuedFrames frame, Namespace ofNamespace, ref Overflow overflow)
    {
        overflow.Policy = ofNamespace.Rules.SlowConsumer == SlowConsumerPolicy.Latest ? "latest" : "drop-oldest";
        while (!Fits(in queue, limit, frame) && !frame.Subscription!.Ended)
        {
            var victim = queue.DropOldest(ofNamespace) ?? frame.Subscription;
            overflow.Dropped += 1 + queue.Drop(victim);
            victim.Ended = true;
            (overflow.Gaps ??= []).Add(victim);
        }
        return !frame.Subscription!.Ended;
    }
}
