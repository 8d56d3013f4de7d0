using System.Collections.Concurrent;

namespace Gateway.Load.Crowds;

/// <summary>
/// What went wrong for a <see cref="Crowd"/>, counted. Safe for any thread; never uses the thread pool, which a thread with files of its
/// own must not do: a worker that it starts would have those files too.
/// </summary>
internal sealed class Findings
{
    /// <summary>The first problems are enough when everything goes wrong.</summary>
    private const int Kept = 10;

    private readonly ConcurrentQueue<string> _first = new();
    private long _problems;
    private long _refused;
    private long _ended;
    private long _interrupted;

    /// <summary>Messages that came twice, out of order, changed or not at all, and connections that ended unasked.</summary>
    public long Problems => Volatile.Read(ref _problems);

    public IReadOnlyCollection<string> First => _first;

    /// <summary>Attempts to connect that came to nothing. Each is made again.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Connections that were open and ended, expected or not.</summary>
    public long Ended => Volatile.Read(ref _ended);

    /// <summary>Subscriptions that the server ended, to be made again from where they were.</summary>
    public long Interrupted => Volatile.Read(ref _interrupted);

    /// <summary>Why the last attempt came to nothing.</summary>
    public string? LastRefusal { get; private set; }

    public void Add(string problem)
    {
        if (Interlocked.Increment(ref _problems) <= Kept)
            _first.Enqueue(problem);
    }

    public void Refuse(string reason)
    {
        Interlocked.Increment(ref _refused);
        LastRefusal = reason;
    }

    public void Interrupt() => Interlocked.Increment(ref _interrupted);

    public void End() => Interlocked.Increment(ref _ended);
}
