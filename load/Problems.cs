using System.Collections.Concurrent;

namespace Gateway.Load;

/// <summary>The problems of a run. A run with a problem has failed. Safe for any thread.</summary>
internal sealed class Problems : IDisposable
{
    /// <summary>The first problems are enough when everything goes wrong.</summary>
    private const int Kept = 10;

    private readonly ConcurrentQueue<string> _first = new();
    private readonly CancellationTokenSource _failed = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public IReadOnlyCollection<string> First => _first;

    /// <summary>Cancelled by the first problem: it ends the run.</summary>
    public CancellationToken Failed => _failed.Token;

    public void Add(string problem)
    {
        if (Interlocked.Increment(ref _count) <= Kept)
            _first.Enqueue(problem);
        // Elsewhere: this may be a loop's thread, and those who wait for the failure go on where it is told.
        if (!_failed.IsCancellationRequested)
            _ = _failed.CancelAsync();
    }

    public void Dispose() => _failed.Dispose();
}
