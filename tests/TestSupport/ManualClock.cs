namespace Gateway.TestSupport;

/// <summary>A clock that only the test moves. An event that comes without moving it needs no deadline. Safe for any thread.</summary>
public sealed class ManualClock : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<Timer> _timers = [];
    private TimeSpan _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp()
    {
        lock (_gate)
            return _now.Ticks;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock. A periodic timer fires once for all periods that have passed, as on a busy machine.</summary>
    public void Advance(TimeSpan time)
    {
        List<Timer> due;
        lock (_gate)
        {
            _now += time;
            due = [.. _timers.Where(timer => timer.Take(_now))];
        }
        foreach (var timer in due)
            timer.Callback();
    }

    private sealed class Timer(ManualClock clock, Action callback) : ITimer
    {
        private TimeSpan? _due;
        private TimeSpan _period;

        public Action Callback => callback;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                _due = dueTime < TimeSpan.Zero ? null : clock._now + dueTime;
                _period = period;
                if (!clock._timers.Contains(this))
                    clock._timers.Add(this);
                return true;
            }
        }

        /// <summary>Whether the timer fires now. Called under the clock's lock.</summary>
        public bool Take(TimeSpan now)
        {
            if (_due is not { } due || due > now)
                return false;
            _due = _period > TimeSpan.Zero ? now + _period : null;
            return true;
        }

        public void Dispose()
        {
            lock (clock._gate)
                clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
