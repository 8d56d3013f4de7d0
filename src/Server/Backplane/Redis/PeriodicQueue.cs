namespace Gateway.Server.Backplane.Redis;

/// <summary>Under its owner's lock. Items that each get their turn once in a period, evenly spread over it.</summary>
/// <param name="period">In milliseconds.</param>
/// <param name="isGone">Whether a item is to be dropped when its turn comes.</param>
internal sealed class PeriodicQueue<T>(double period, Func<T, bool> isGone)
{
    private readonly Queue<T> _items = new();
    private long _last = Environment.TickCount64;
    private double _credit;

    public void Add(T item) => _items.Enqueue(item);

    /// <summary>Those whose turn has come since the last time.</summary>
    /// <param name="now">In milliseconds, as <see cref="Environment.TickCount64"/>.</param>
    public List<T> Take(long now)
    {
        _credit = Math.Min(_items.Count, _credit + (_items.Count * (now - _last) / period));
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
