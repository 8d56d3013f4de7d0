namespace Gateway.Server.Admission;

/// <summary>
/// Counts the accepted sockets of both ports against what the system lets this process open, so that the limit is never reached. Safe for
/// any thread.
/// </summary>
internal sealed class OpenSockets
{
    /// <summary>Files that are opened later: Redis, certificates, the resolver, and two for each assembly that is loaded then.</summary>
    private const int Spare = 64;

    private readonly Lazy<int> _most;
    private int _count;

    /// <summary>
    /// Counts the files that are open with the first socket, not before: until then the process loads a hundred assemblies, and each of
    /// them keeps two files open.
    /// </summary>
    public OpenSockets()
    {
        _most = new(static () => MostOf(OpenFiles.Limit(), OpenFiles.Count()));
    }

    /// <param name="limit">How many files may be open; null for no limit.</param>
    /// <param name="used">How many are open, without any connection.</param>
    public OpenSockets(long? limit, int used)
    {
        _most = new(MostOf(limit, used));
    }

    public int Count => Volatile.Read(ref _count);

    /// <summary>How many there may be.</summary>
    public int Most => _most.Value;

    /// <summary>Whether new WebSockets should be refused: there is still room to say so.</summary>
    public bool IsFull => Count > Full;

    /// <summary>A sixteenth is kept for clients that are told that there is no room, and for health checks.</summary>
    private int Full => Most - (Most / 16) - 1;

    /// <summary>False when there is no room for another one, not even to be refused.</summary>
    public bool TryAdd()
    {
        if (Interlocked.Increment(ref _count) <= Most)
            return true;
        Remove();
        return false;
    }

    public void Remove() => Interlocked.Decrement(ref _count);

    private static int MostOf(long? limit, int used) => (int)Math.Clamp((limit ?? int.MaxValue) - used - Spare, 16, int.MaxValue);
}
