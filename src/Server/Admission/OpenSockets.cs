namespace Gateway.Server.Admission;

/// <summary>
/// Counts the accepted sockets of both ports against what the system lets this process open, so that the limit is never reached. Safe for
/// any thread.
/// </summary>
internal sealed class OpenSockets
{
    /// <summary>For what is opened later: Redis, certificates, the resolver, the runtime itself.</summary>
    private const int Spare = 64;

    private readonly int _most;
    private readonly int _full;
    private int _count;

    public OpenSockets()
        : this(OpenFiles.Limit(), OpenFiles.Count())
    {
    }

    /// <param name="limit">How many files may be open; null for no limit.</param>
    /// <param name="used">How many are, without any connection.</param>
    public OpenSockets(long? limit, int used)
    {
        _most = (int)Math.Clamp((limit ?? int.MaxValue) - used - Spare, 16, int.MaxValue);
        // A sixteenth is kept for those who are told that there is no room, and for health checks.
        _full = _most - (_most / 16) - 1;
    }

    public int Count => Volatile.Read(ref _count);

    /// <summary>How many there may be.</summary>
    public int Most => _most;

    /// <summary>Whether new WebSockets should be refused: there is still room to say so.</summary>
    public bool IsFull => Count > _full;

    /// <summary>False when there is no room for another one, not even to be refused.</summary>
    public bool TryAdd()
    {
        if (Interlocked.Increment(ref _count) <= _most)
            return true;
        Remove();
        return false;
    }

    public void Remove() => Interlocked.Decrement(ref _count);
}
