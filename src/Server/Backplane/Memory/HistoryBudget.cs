namespace Gateway.Server.Backplane.Memory;

/// <summary>Counts the bytes of all streams against <c>Gateway:Memory:HistoryBytes</c>. Safe for any thread.</summary>
internal sealed class HistoryBudget(long limit)
{
    private long _bytes;

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Whether room has to be made at the next tick.</summary>
    public bool IsExceeded => Bytes > limit;

    /// <summary>Whether it cannot wait until then.</summary>
    public bool IsFarExceeded => Bytes > limit + (limit / 4);

    public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);
}
