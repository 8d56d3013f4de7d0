namespace Gateway.Server.Backplane.Redis;

/// <summary>Under its owner's lock. Things that each get their turn once in a period, evenly spread over it.</summary>
/// <param name="period">In milliseconds.</param>
/// <param name="isGone">Whether a thing is to be dropped when its turn comes.</param>
internal sealed class Round<T>(double period, Func<T, bool> isGone)
{
    private readonly Queue<T> _things = new();
    private long _last = Environment.TickCount64;
    private double _owed;

    public void Add(T thing) => _things.Enqueue(thing);

    /// <summary>Those whose turn has come since the last time.</summary>
    /// <param name="now">In milliseconds, as <see cref="Environment.TickCount64"/>.</param>
    public List<T> Take(long now)
    {
        _owed = Math.Min(_things.Count, _owed + (_things.Count * (now - _last) / period));
        int count = (int)_owed;
        _owed -= count;
        _last = now;
        return Take(count);
    }

    public List<T> TakeAll() => Take(_things.Count);

    private List<T> Take(int count)
    {
        var taken = new List<T>(count);
        for (; count > 0; count--)
        {
            var thing = _things.Dequeue();
            if (isGone(thing))
                continue;
            _things.Enqueue(thing);
            taken.Add(thing);
        }
        return taken;
    }
}
