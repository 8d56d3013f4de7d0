namespace Gateway.Server.Audit;

/// <summary>Safe for any thread. The latest of what happened, a bounded number: what happens again takes its old place along instead of another.</summary>
internal sealed class RecentList<T>(int capacity)
    where T : class
{
    private readonly Lock _gate = new();
    private readonly List<T> _items = new(capacity);

    /// <summary>The newest first.</summary>
    public IReadOnlyList<T> Newest
    {
        get
        {
            lock (_gate)
                return [.. Enumerable.Reverse(_items)];
        }
    }

    /// <param name="isSame">Whether it is about the same as one that is there.</param>
    /// <param name="next">Makes it out of the one before, null where there is none.</param>
    public void Add(Predicate<T> isSame, Func<T?, T> next)
    {
        lock (_gate)
        {
            int place = _items.FindLastIndex(isSame);
            var added = next(place < 0 ? null : _items[place]);
            if (place >= 0)
                _items.RemoveAt(place);
            else if (_items.Count == capacity)
                _items.RemoveAt(0);
            _items.Add(added);
        }
    }
}
