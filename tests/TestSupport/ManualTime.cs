namespace Gateway.TestSupport;

/// <summary>
/// A clock that stands still until a test moves it, and then fires the timers that are due, on the test's thread. Safe for any thread.
/// </summary>
public sealed class ManualTime : TimeProvider
{
    /// <summary>The real time between two steps, for what a step starts to come as far as its next timer.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch.AddYears(60);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
            return _now;
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>How many timers fire if the clock is moved by this much.</summary>
    public int Timers(TimeSpan dueWithin)
    {
        lock (_gate)
            return _timers.Count(timer => timer.Due <= _now + dueWithin);
    }

    public void Advance(TimeSpan by)
    {
        List<ManualTimer> due;
        lock (_gate)
        {
            _now += by;
            due = [.. _timers.Where(timer => timer.Due <= _now)];
            foreach (var timer in due)
                timer.Next(_now);
        }
        foreach (var timer in due)
            timer.Fire();
    }

    /// <summary>Moves the clock in steps, so that what a step starts can wait for the next.</summary>
    /// <param name="by">How far the clock goes.</param>
    /// <param name="step">How far each step goes.</param>
    public async Task PassAsync(TimeSpan by, TimeSpan step)
    {
        for (var passed = TimeSpan.Zero; passed < by; passed += step)
        {
            Advance(step);
            await Task.Delay(Pace);
        }
    }

    /// <summary>Moves the clock, one step after the other, until a task that waits for timers has completed.</summary>
    /// <param name="task">The task.</param>
    /// <param name="step">How far each step goes.</param>
    public async Task PassUntilAsync(Task task, TimeSpan step)
    {
        for (int steps = 0; !task.IsCompleted; steps++)
        {
            if (steps > Eventually.Limit / Pace)
                throw new TimeoutException($"Not completed after {steps * step}.");
            Advance(step);
            await Task.WhenAny(task, Task.Delay(Pace));
        }
        await task;
    }

    private sealed class ManualTimer(ManualTime owner, Action fire) : ITimer
    {
        private TimeSpan _period;

        public DateTimeOffset Due { get; private set; } = DateTimeOffset.MaxValue;

        public void Fire() => fire();

        public void Next(DateTimeOffset now) => Due = _period > TimeSpan.Zero ? now + _period : DateTimeOffset.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._gate)
            {
                if (!owner._timers.Contains(this))
                    owner._timers.Add(this);
                _period = period;
                Due = dueTime < TimeSpan.Zero ? DateTimeOffset.MaxValue : owner._now + dueTime;
            }
            return true;
        }

        public void Dispose()
        {
            lock (owner._gate)
                owner._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
