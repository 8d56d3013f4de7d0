namespace Gateway.Server.Admission;

/// <summary>How many there are of each key, and at most a limit of one. For one thread at a time: its owner has the lock.</summary>
/// <param name="limit">0 for no limit; then nothing is counted.</param>
internal sealed class CountPerKey<T>(int limit)
    where T : notnull
{
    private readonly Dictionary<T, int> _counts = [];

    /// <summary>Keys that are counted.</summary>
    public int Keys => _counts.Count;

    /// <summary>All keys, with how many there are of each.</summary>
    public IReadOnlyCollection<KeyValuePair<T, int>> All => _counts;

    /// <summary>How many there are of a key.</summary>
    public int Of(T key) => _counts.GetValueOrDefault(key);

    /// <summary>One more, or false when there are as many as there may be.</summary>
    public bool TryAdd(T key)
    {
        if (limit == 0)
            return true;
        int count = _counts.GetValueOrDefault(key);
        if (count >= limit)
            return false;
        _counts[key] = count + 1;
        return true;
    }

    /// <summary>Undoes one <see cref="TryAdd"/> that returned true.</summary>
    public void Remove(T key)
    {
        if (limit == 0)
            return;
        if (_counts[key] == 1)
            _counts.Remove(key);
        else
            _counts[key]--;
    }
}
