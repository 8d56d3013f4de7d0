using Gateway.Chaos.Tests.Checking;
using Gateway.Chaos.Tests.World;

namespace Gateway.Chaos.Tests.Run;

/// <summary>What everybody who takes part in a run has to know. Safe for any thread.</summary>
internal sealed class ChaosScene
{
    private volatile bool _isCalm = true;
    private volatile bool _isPublishing = true;

    public ChaosScene(int seed, RunClock clock, IReadOnlyList<NodeSlot> nodes)
    {
        (Seed, Clock, Nodes) = (seed, clock, nodes);
        Faults = new FaultLog(clock);
        Problems = new Problems(clock, Faults);
        Ledger = new Ledger(clock, Problems);
        Busyness = new Busyness(clock);
        Answers = new AnswerTimes(clock, Problems, Busyness);
    }

    public int Seed { get; }

    public RunClock Clock { get; }

    public IReadOnlyList<NodeSlot> Nodes { get; }

    public FaultLog Faults { get; }

    public Problems Problems { get; }

    public Ledger Ledger { get; }

    public Busyness Busyness { get; }

    public AnswerTimes Answers { get; }

    /// <summary>Nobody comes or goes by himself.</summary>
    public bool IsCalm
    {
        get => _isCalm;
        set => _isCalm = value;
    }

    /// <summary>New messages are published; those that are not acknowledged are repeated anyway.</summary>
    public bool IsPublishing
    {
        get => _isPublishing;
        set => _isPublishing = value;
    }
}
