namespace Gateway.TestSupport;

/// <summary>
/// A clock that stands still until it is told to step, and then lets every running timer tick once, however long the step: the clock of a
/// busy machine. Safe for any thread.
/// </summary>
public sealed class SteppedTime : TimeProvider
{
    private readonly List<Timer> _timers = [];
    private long _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _now);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(() => callback(state));
        timer.Change(dueTime, period);
        lock (_timers)
            _timers.Add(timer);
        return timer;
    }

    public void Step(TimeSpan time)
    {
        Interlocked.Add(ref _now, time.Ticks);
        Timer[] timers;
        lock (_timers)
            timers = [.. _timers.Where(timer => timer.IsRunning)];
        foreach (var timer in timers)
            timer.Tick();
    }

    private sealed class Timer(Action tick) : ITimer
    {
        public bool IsRunning { get; private set; }

        public void Tick() => tick();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            IsRunning = dueTime != Timeout.InfiniteTimeSpan;
            return true;
        }

        public void Dispose() => IsRunning = false;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
