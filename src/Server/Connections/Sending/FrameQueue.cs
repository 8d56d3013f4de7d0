using System.Buffers;
using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Connections.Sending;

/// <summary>
/// The frames a connection has not been sent yet, in order, and what they cost. One entry needs no memory of its own, which is the rule
/// while the peer keeps up; more are kept in a pooled array. Guarded by its writer's lock.
/// </summary>
internal struct FrameQueue
{
    private const int FirstRing = 16;
    private const int LargestKeptRing = 64;

    /// <summary>
    /// When a fan-out is ahead of the sends, every one of its subscribers needs a ring at once, and with a dozen messages in flight a
    /// larger one; the shared pool keeps some dozens of a length and would have the rest made anew, burst after burst. 4,096 of each
    /// length are 11 MB at most, and nothing until they are needed.
    /// </summary>
    private static readonly ArrayPool<QueuedFrames> Rings = ArrayPool<QueuedFrames>.Create(LargestKeptRing, maxArraysPerBucket: 4096);

    private QueuedFrames _only;
    private QueuedFrames[]? _ring;
    private int _head;
    private int _count;

    // Unsigned: a limit may be as large as an int, and the replies come on top of it.
    private uint _bytes;

    /// <summary>Cost of everything queued.</summary>
    public readonly long Bytes => _bytes;

    /// <summary>Cost of the replies in it.</summary>
    public int ReplyBytes { get; private set; }

    public readonly bool IsEmpty => _count == 0;

    /// <summary>Puts frames at the end, with a reference on their batch that is given on to who takes them.</summary>
    public void Enqueue(QueuedFrames frames)
    {
        frames.Batch!.Retain();
        Count(frames, +1);
        if (_count == 0 && _ring is null)
        {
            _only = frames;
            _count = 1;
            return;
        }
        if (_ring is null || _count == _ring.Length)
            Grow();
        _ring![(_head + _count++) & (_ring.Length - 1)] = frames;
    }

    /// <summary>Puts one more frame behind the last, when that is a reply of the same batch.</summary>
    public void Extend(FrameBatch batch)
    {
        ref var last = ref At(_count - 1);
        Count(last, -1);
        last = last with { End = batch.Count };
        Count(last, +1);
    }

    /// <summary>The reply batch at the end of the queue, to which another reply may be appended.</summary>
    public FrameBatch? OpenReplies() => _count > 0 && At(_count - 1) is { Batch: { } batch, Subscription: null } ? batch : null;

    /// <summary>Takes the first entry, and the reference on its batch with it.</summary>
    public bool TryDequeue(out QueuedFrames frames)
    {
        while (_count > 0)
        {
            ref var first = ref At(0);
            frames = first;
            first = default;
            Skip();
            if (frames.Batch is null)
                continue;
            Count(frames, -1);
            return true;
        }
        frames = default;
        return false;
    }

    /// <summary>Bytes of the first entry; 0 when there is none.</summary>
    public int FirstLength()
    {
        while (_count > 0)
        {
            ref var first = ref At(0);
            if (first.Batch is not null)
                return first.Length;
            Skip();
        }
        return 0;
    }

    /// <summary>Drops the oldest message of a namespace.</summary>
    /// <returns>What it was sent for; null when there is none to drop.</returns>
    public Subscription? DropOldest(Namespace ofNamespace)
    {
        for (int i = 0; i < _count; i++)
        {
            ref var entry = ref At(i);
            if (entry.Subscription is not { } subscription || subscription.Channel.Name.Namespace != ofNamespace || entry.IsPresence)
                continue;
            Shorten(ref entry, entry.First + 1);
            return subscription;
        }
        return null;
    }

    /// <summary>Keeps only the newest message of each channel of a namespace.</summary>
    /// <param name="ofNamespace">The namespace.</param>
    /// <param name="newest">What the newest message of all, which is not queued yet, is for; null when there is none.</param>
    /// <returns>Frames dropped.</returns>
    public int Conflate(Namespace ofNamespace, Subscription? newest)
    {
        int dropped = 0;
        var seen = new HashSet<Subscription>();
        if (newest is not null)
            seen.Add(newest);
        for (int i = _count - 1; i >= 0; i--)
        {
            ref var entry = ref At(i);
            if (entry.Subscription is { } subscription && subscription.Channel.Name.Namespace == ofNamespace && !entry.IsPresence)
                dropped += Shorten(ref entry, seen.Add(subscription) ? entry.End - 1 : entry.End);
        }
        return dropped;
    }

    /// <summary>Drops the presence of a namespace, and notes at its subscriptions that they need a snapshot.</summary>
    /// <param name="ofNamespace">The namespace.</param>
    /// <param name="ofSubscription">The subscription whose alone it is to be; null for all.</param>
    /// <returns>Frames dropped.</returns>
    public int DropPresence(Namespace ofNamespace, Subscription? ofSubscription = null)
    {
        int dropped = 0;
        for (int i = 0; i < _count; i++)
        {
            ref var entry = ref At(i);
            if (entry.Subscription is not { } subscription || subscription.Channel.Name.Namespace != ofNamespace || !entry.IsPresence
                || (ofSubscription ?? subscription) != subscription)
                continue;
            subscription.LosePresence();
            dropped += Shorten(ref entry, entry.End);
        }
        return dropped;
    }

    /// <summary>Drops all frames of a subscription.</summary>
    /// <returns>Frames dropped.</returns>
    public int Drop(Subscription subscription)
    {
        int dropped = 0;
        for (int i = 0; i < _count; i++)
        {
            ref var entry = ref At(i);
            if (entry.Subscription == subscription)
                dropped += Shorten(ref entry, entry.End);
        }
        return dropped;
    }

    public void Clear()
    {
        while (TryDequeue(out var frames))
            frames.Batch!.Release();
    }

    /// <summary>Moves an entry's beginning; an entry without frames stays as a hole until it is passed.</summary>
    private int Shorten(ref QueuedFrames entry, int first)
    {
        int dropped = first - entry.First;
        Count(entry, -1);
        if (first == entry.End)
        {
            entry.Batch!.Release();
            entry = default;
        }
        else
        {
            entry = entry with { First = first };
        }
        Count(entry, +1);
        return dropped;
    }

    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    private ref QueuedFrames At(int index) => ref _ring is null ? ref _only : ref _ring[(_head + index) & (_ring.Length - 1)];

    private void Skip()
    {
        _count--;
        if (_ring is null)
            return;
        _head = (_head + 1) & (_ring.Length - 1);
        if (_count > 0)
            return;
        PoolOf(_ring.Length).Return(_ring);
        (_ring, _head) = (null, 0);
    }

    private void Grow()
    {
        // The pools' arrays have powers of two for lengths.
        int length = Math.Max(FirstRing, 2 * _count);
        var larger = PoolOf(length).Rent(length);
        for (int i = 0; i < _count; i++)
            larger[i] = At(i);
        if (_ring is not null)
            PoolOf(_ring.Length).Return(_ring, clearArray: true);
        (_only, _ring, _head) = (default, larger, 0);
    }

    private static ArrayPool<QueuedFrames> PoolOf(int length) => length <= LargestKeptRing ? Rings : ArrayPool<QueuedFrames>.Shared;

    private void Count(QueuedFrames frames, int sign)
    {
        _bytes = (uint)(_bytes + (sign * frames.Cost));
        if (frames.Subscription is null)
            ReplyBytes += sign * frames.Cost;
    }
}
