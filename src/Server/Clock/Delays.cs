namespace Gateway.Server.Clock;

/// <summary>Wakes read loops that wait for tokens, each at its time, with one timer for all. Safe for any thread.</summary>
internal sealed class Delays : IDisposable
{
    /// <summary>The longest a wait lasts before it is looked at again, so that one whose connection has ended is soon forgotten.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waiting = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private long _due = long.MaxValue;

    public Delays(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(static self => ((Delays)self!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many wait.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    /// <summary>Completes the task after so many ticks, or after a second; somebody else may complete it before.</summary>
    public void Add(TaskCompletionSource wake, long ticks)
    {
        long now = _time.GetTimestamp();
        long due = now + Math.Min(ticks, Ticks(Longest));
        lock (_gate)
        {
            _waiting.Enqueue(wake, due);
            if (due < _due)
                Set(due, now);
        }
    }

    /// <summary>The same, in another unit.</summary>
    public void Add(TaskCompletionSource wake, TimeSpan time) => Add(wake, Ticks(time));

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * _time.TimestampFrequency);

    private void Wake()
    {
        var due = new List<TaskCompletionSource>();
        lock (_gate)
        {
            long now = _time.GetTimestamp();
            while (_waiting.TryPeek(out var wake, out long at) && at <= now)
            {
                due.Add(wake);
                _waiting.Dequeue();
            }
            _due = long.MaxValue;
            if (_waiting.TryPeek(out _, out long next))
                Set(next, now);
        }
        foreach (var wake in due)
            wake.TrySetResult();
    }

    /// <summary>A timer counts whole milliseconds: rounded up, so that it does not fire for nothing.</summary>
    private void Set(long due, long now)
    {
        _due = due;
        _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(_time.GetElapsedTime(now, due).TotalMilliseconds)), Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _timer.Dispose();
}
