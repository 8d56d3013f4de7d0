namespace Gateway.Chaos.Tests.Checking;

/// <summary>The broken promises of a run: all are counted, of each kind the first are kept. Safe for any thread.</summary>
internal sealed class Problems(RunClock clock, FaultLog faults)
{
    /// <summary>How far back the faults are shown with a problem.</summary>
    private const int ShownMilliseconds = 12_000;

    private const int KeptOfEachKind = 5;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<ProblemKind, long> _counts = [];
    private readonly Dictionary<(ProblemKind Kind, string Subject), long> _subjects = [];
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

    /// <summary>How many of a kind are about whom.</summary>
    public IReadOnlyList<(string Subject, long Count)> Subjects(ProblemKind kind)
    {
        lock (_gate)
        {
            return
            [
                .. _subjects.Where(entry => entry.Key.Kind == kind)
                    .OrderByDescending(entry => entry.Value)
                    .Select(entry => (entry.Key.Subject, entry.Value)),
            ];
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

    /// <param name="kind">Its kind.</param>
    /// <param name="subject">Whom or what it is about: of each only the first is kept.</param>
    /// <param name="text">What was seen and what was due.</param>
    /// <param name="context">What came before it.</param>
    public void Add(ProblemKind kind, string subject, string text, Func<IReadOnlyList<string>>? context = null)
    {
        lock (_gate)
        {
            _counts[kind] = _counts.GetValueOrDefault(kind) + 1;
            long before = _subjects.GetValueOrDefault((kind, subject));
            _subjects[(kind, subject)] = before + 1;
            if (before == 0 && _first.Count(problem => problem.Kind == kind) < KeptOfEachKind)
            {
                var shown = faults.Since(clock.Now - ShownMilliseconds).Select(line => "fault " + line);
                _first.Add(new Problem(kind, clock.Now, text, [.. context?.Invoke() ?? [], .. shown]));
            }
        }
    }
}
