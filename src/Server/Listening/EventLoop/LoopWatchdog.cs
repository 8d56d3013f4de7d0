using Gateway.Server.Clock;
using Gateway.Server.Health;

namespace Gateway.Server.Listening.EventLoop;

/// <summary>
/// Notices a loop that does not come back from what it does, for then all of its connections stand still. Run by the clock; everything
/// else is safe for any thread.
/// </summary>
internal sealed class LoopWatchdog(EventLoops loops, ILoggerFactory logs) : ITickHandler, IHealthSource
{
    /// <summary>A loop stuck for so long is logged: far longer than any turn that only does its work.</summary>
    private const long LogMilliseconds = 1_000;

    /// <summary>A node with a loop stuck for so long is not ready: clients begin to come back to other nodes.</summary>
    private const long ProblemMilliseconds = 5_000;

    /// <summary>How long a longest turn is shown, at least; up to twice as long.</summary>
    private const long WindowMilliseconds = 10_000;

    private readonly ILogger _log = logs.CreateLogger(LoopLog.Category);
    private Watch[] _watches = [];
    private volatile string? _stuck;

    public HealthReport Health => _stuck is { } stuck ? new(Problem: stuck, PublicProblem: "an event loop is stuck") : default;

    /// <summary>Milliseconds of the longest of the loop's latest turns.</summary>
    public long LongestTurn(int loop) => loop < _watches.Length ? _watches[loop].Longest : 0;

    void ITickHandler.OnTick(long now)
    {
        var all = loops.All;
        if (_watches.Length != all.Count)
            _watches = [.. all.Select(_ => new Watch())];
        string? stuck = null;
        for (int i = 0; i < all.Count; i++)
        {
            var loop = all[i];
            _watches[i].Note(loop.TakeLongestTurn(), now);
            if (loop.HasFailed)
                stuck ??= $"event loop {loop.Number} has ended";
            long time = loop.Ended.IsCompleted ? 0 : _watches[i].Look(loop, now);
            if (time < LogMilliseconds)
                continue;
            string activity = loop.Activity ?? "nothing";
            if (_watches[i].IsFirst())
                LoopLog.Stuck(_log, loop.Number, time, activity);
            if (time >= ProblemMilliseconds)
                stuck ??= $"event loop {loop.Number} is stuck at {activity}";
        }
        _stuck = stuck;
    }

    /// <summary>What is known of one loop.</summary>
    private sealed class Watch
    {
        /// <summary>For <see cref="_turns"/>: the loop slept, and its next turn begins anew.</summary>
        private const long Slept = -1;

        private long _turns = Slept;
        private long _since;
        private bool _isLogged;
        private long _window;
        private long _current;
        private long _previous;

        public long Longest => Math.Max(Volatile.Read(ref _current), Volatile.Read(ref _previous));

        /// <returns>Milliseconds for which the loop has been seen in the same turn.</returns>
        public long Look(Loop loop, long now)
        {
            long turns = loop.IsSleeping ? Slept : loop.Turns;
            if (turns == Slept || turns != _turns)
                (_turns, _since, _isLogged) = (turns, now, false);
            return now - _since;
        }

        /// <summary>Whether the present turn was not logged before.</summary>
        public bool IsFirst() => !_isLogged && (_isLogged = true);

        public void Note(long longest, long now)
        {
            if (now - _window >= WindowMilliseconds)
            {
                _window = now;
                _previous = _current;
                _current = 0;
            }
            Volatile.Write(ref _current, Math.Max(_current, longest));
        }
    }
}
