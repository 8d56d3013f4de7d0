namespace Gateway.Chaos.Tests.Checking;

/// <summary>What may keep a node's answers from its clients without being its fault.</summary>
internal enum Disturbance
{
    /// <summary>Its process does not run.</summary>
    Stopped,

    /// <summary>What clients send and receive takes longer.</summary>
    Delayed,

    /// <summary>Its clients' connections of that time are dead for good, and nobody was told.</summary>
    Swallowed,
}

/// <summary>When a node was kept from answering. Safe for any thread.</summary>
internal sealed class Disturbances(RunClock clock)
{
    private readonly List<(Disturbance Kind, long From, long To)> _times = [];

    public void Begin(Disturbance kind)
    {
        lock (_times)
            _times.Add((kind, clock.Now, long.MaxValue));
    }

    public void End(Disturbance kind)
    {
        lock (_times)
        {
            int last = _times.FindLastIndex(time => time.Kind == kind);
            _times[last] = _times[last] with { To = clock.Now };
        }
    }

    /// <summary>How much of a time was disturbed so.</summary>
    public long Overlap(Disturbance kind, long from, long to)
    {
        lock (_times)
            return _times.Where(time => time.Kind == kind).Sum(time => Math.Max(0, Math.Min(to, time.To) - Math.Max(from, time.From)));
    }

    /// <summary>Whether a connection of this time is dead.</summary>
    public bool IsDead(long connectedAt, long now)
    {
        lock (_times)
            return _times.Any(time => time.Kind == Disturbance.Swallowed && time.From <= now && time.To >= connectedAt);
    }
}
