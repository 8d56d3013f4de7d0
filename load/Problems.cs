using System.Collections.Concurrent;

namespace Gateway.Load;

/// <summary>Safe for any thread. What went wrong; a run with any has failed.</summary>
internal sealed class Problems
{
    /// <summary>When everything goes wrong, the first few say what.</summary>
    private const int Kept = 10;

    private readonly ConcurrentQueue<string> _first = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public IReadOnlyCollection<string> First => _first;

    public void Add(string problem)
    {
        if (Interlocked.Increment(ref _count) <= Kept)
            _first.Enqueue(problem);
    }
}
