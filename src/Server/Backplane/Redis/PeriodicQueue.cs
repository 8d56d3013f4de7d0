namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// A queue of items that each get one turn in a period. The turns are spread evenly over the period, so that a thousand channels do not
/// ask Redis at the same moment. Used under its owner's lock.
/// </summary>
/// <param name="time">The clock that the turns follow.</param>
/// <param name="period">The time between two turns of one item.</param>
/// <param name="isGone">Whether an item is dropped when its turn comes.</param>
internal sealed class PeriodicQueue<T>(TimeProvider time, TimeSpan period, Func<T, bool> isGone)
{
    private readonly Queue<T> _items = new();
    private long _last = time.GetTimestamp();

    /// <summary>The part of a turn that has come due and is too small for an item yet.</summary>
    private double _credit;

    public void Add(T item) => _items.Enqueue(item);

    /// <summary>Takes the items whose turn has come since the last call.</summary>
    public List<T> TakeDue()
    {
        long now = time.GetTimestamp();
        _credit = Math.Min(_items.Count, _credit + (_items.Count * (time.GetElapsedTime(_last, now) / period)));
        int count = (int)_credit;
        _credit -= count;
        _last = now;
        return Take(count);
    }

    public List<T> TakeAll() => Take(_items.Count);

    private List<T> Take(int count)
    {
        var taken = new List<T>(count);
        for (; count > 0; count--)
        {
            var item = _items.Dequeue();
            if (isGone(item))
                continue;
            _items.Enqueue(item);
            taken.Add(item);
        }
        return taken;
    }
}
