namespace Gateway.Backplane.Memory;

/// <summary>Safe for any thread. Counts the bytes of all streams against <c>Gateway:Memory:HistoryBytes</c>.</summary>
internal sealed class HistoryBudget(long limit)
{
    private long _bytes;

    public long Bytes => Interlocked.Read(ref _bytes);

    public bool IsExceeded => Bytes > limit;

    public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);
}
