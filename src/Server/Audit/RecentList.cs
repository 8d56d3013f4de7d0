namespace Gateway.Server.Audit;

/// <summary>
/// The latest events, at most a fixed number of them: a repeated event moves to the front, and the list keeps its size. Safe for any
/// thread.
/// </summary>
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

    /// <param name="isSame">Whether an event of the list is the one that happened again.</param>
    /// <param name="next">Makes the event, from the one that it replaces; null where it is new.</param>
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
