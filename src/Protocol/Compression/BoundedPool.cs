namespace Gateway.Protocol.Compression;

/// <summary>
/// A few objects for threads that need one for a moment and do not wait meanwhile: as many are kept as there are processors, and no more
/// are in use than threads run. Safe for any thread.
/// </summary>
internal sealed class BoundedPool<T>(Func<T> create)
    where T : class, IDisposable
{
    private readonly T?[] _kept = new T?[Environment.ProcessorCount];

    /// <summary>Lends the caller an object, by preference the one that this processor had last.</summary>
    public T Rent()
    {
        int first = Thread.GetCurrentProcessorId();
        for (int i = 0; i < _kept.Length; i++)
        {
            ref var slot = ref _kept[(uint)(first + i) % (uint)_kept.Length];
            if (slot is not null && Interlocked.Exchange(ref slot, null) is { } item)
                return item;
        }
        return create();
    }

    /// <summary>Takes an object back, unless it has failed: the caller disposes of such a one.</summary>
    public void Return(T item)
    {
        int first = Thread.GetCurrentProcessorId();
        for (int i = 0; i < _kept.Length; i++)
        {
            ref var slot = ref _kept[(uint)(first + i) % (uint)_kept.Length];
            if (slot is null && Interlocked.CompareExchange(ref slot, item, null) is null)
                return;
        }
        item.Dispose();
    }
}
