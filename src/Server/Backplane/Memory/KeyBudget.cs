namespace Gateway.Server.Backplane.Memory;

/// <summary>Counts the idempotency keys of all shards. Safe for any thread.</summary>
internal sealed class KeyBudget
{
    /// <summary>
    /// Some 25 MB. One client at the default 100 messages a second uses 30,000 keys in the five minutes they count for, so it takes several
    /// to have those of others forgotten.
    /// </summary>
    private const int Limit = 128 * 1024;

    private int _keys;

    public bool IsExceeded => Volatile.Read(ref _keys) > Limit;

    public void Add(int keys) => Interlocked.Add(ref _keys, keys);
}
