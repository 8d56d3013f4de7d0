using Gateway.Channels;

namespace Gateway.Connections;

/// <summary>Guarded by its outbox's lock. The frames a connection could not take at once, in order, and what they cost. Exists only while there are any.</summary>
internal sealed class OutboxQueue : IDisposable
{
    private readonly LinkedList<QueuedFrame> _frames = [];
    private int _written;

    public bool IsEmpty => _frames.Count == 0;

    /// <summary>Cost of all frames.</summary>
    public long Bytes { get; private set; }

    /// <summary>Cost of the replies among them.</summary>
    public long ReplyBytes { get; private set; }

    public void Enqueue(QueuedFrame frame)
    {
        frame.Batch.Retain();
        _frames.AddLast(frame);
        Count(frame, +1);
    }

    /// <summary>The unwritten rest of the first frame.</summary>
    public ReadOnlySpan<byte> Head => _frames.First!.Value.Bytes[_written..];

    /// <summary>Notes that bytes of <see cref="Head"/> were written; a frame written to its end leaves the queue.</summary>
    public void Advance(int bytes)
    {
        _written += bytes;
        if (_written < _frames.First!.Value.Bytes.Length)
            return;
        _written = 0;
        Remove(_frames.First);
    }

    /// <summary>Drops the oldest frame of the namespace that has not begun to be written.</summary>
    /// <returns>Its subscription; null when there is none to drop.</returns>
    public Subscription? DropOldest(Namespace ofNamespace)
    {
        for (var node = FirstWhole; node is not null; node = node.Next)
        {
            if (node.Value.Subscription is not { } subscription || subscription.Channel.Name.Namespace != ofNamespace)
                continue;
            Remove(node);
            return subscription;
        }
        return null;
    }

    /// <summary>Keeps only the newest frame of each channel of the namespace.</summary>
    /// <returns>Frames dropped.</returns>
    public int Conflate(Namespace ofNamespace)
    {
        int dropped = 0;
        var seen = new HashSet<Subscription>();
        for (var node = _frames.Last; node is not null;)
        {
            var (current, subscription) = (node, node.Value.Subscription);
            node = node.Previous;
            if (subscription is null || subscription.Channel.Name.Namespace != ofNamespace || seen.Add(subscription) || IsBegun(current))
                continue;
            Remove(current);
            dropped++;
        }
        return dropped;
    }

    /// <summary>Drops all frames of one subscription that have not begun to be written.</summary>
    public int Drop(Subscription subscription) => DropWhere(frame => frame.Subscription == subscription);

    /// <summary>Drops everything but a frame that has begun to be written, which must be finished for the peer to find the next one.</summary>
    public void Clear() => DropWhere(static _ => true);

    /// <summary>Gives back every reference; the queue is not used after this.</summary>
    public void Dispose()
    {
        foreach (var frame in _frames)
            frame.Batch.Release();
        _frames.Clear();
    }

    private LinkedListNode<QueuedFrame>? FirstWhole => _written == 0 ? _frames.First : _frames.First!.Next;

    private bool IsBegun(LinkedListNode<QueuedFrame> node) => _written > 0 && node == _frames.First;

    private int DropWhere(Predicate<QueuedFrame> condition)
    {
        int dropped = 0;
        for (var node = FirstWhole; node is not null;)
        {
            var current = node;
            node = node.Next;
            if (!condition(current.Value))
                continue;
            Remove(current);
            dropped++;
        }
        return dropped;
    }

    private void Remove(LinkedListNode<QueuedFrame> node)
    {
        _frames.Remove(node);
        Count(node.Value, -1);
        node.Value.Batch.Release();
    }

    private void Count(QueuedFrame frame, int sign)
    {
        Bytes += sign * frame.Cost;
        if (frame.Subscription is null)
            ReplyBytes += sign * frame.Cost;
    }
}
