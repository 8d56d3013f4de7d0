namespace Gateway.Chaos.Tests.Checking;

/// <summary>Safe for any thread. The broken promises of a run: all are counted, of each kind the first are kept.</summary>
internal sealed class Problems(RunClock clock, FaultLog faults)
{
    /// <summary>How far back the faults are shown with a problem.</summary>
    private const int ShownMilliseconds = 12_000;

    private const int KeptOfEachKind = 5;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<ProblemKind, long> _counts = [];
    private readonly List<Problem> _first = [];

    public long Total
    {
        get
        {
            lock (_gate)
                return _counts.Values.Sum();
        }
    }

    public IReadOnlyDictionary<ProblemKind, long> Counts
    {
        get
        {
            lock (_gate)
                return new SortedDictionary<ProblemKind, long>(_counts);
        }
    }

    /// <summary>The first of each kind, in the order in which they were noticed.</summary>
    public IReadOnlyList<Problem> First
    {
        get
        {
            lock (_gate)
                return [.. _first];
        }
    }

    public void Add(ProblemKind kind, string text, Func<IReadOnlyList<string>>? context = null)
    {
        lock (_gate)
        {
            long count = _counts.GetValueOrDefault(kind) + 1;
            _counts[kind] = count;
            if (count <= KeptOfEachKind)
                _first.Add(new Problem(kind, clock.Now, text, [.. context?.Invoke() ?? [], .. faults.Since(clock.Now - ShownMilliseconds).Select(line => "fault " + line)]));
        }
    }
}
