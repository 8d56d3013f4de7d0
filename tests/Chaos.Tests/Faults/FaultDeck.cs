namespace Gateway.Chaos.Tests.Faults;

/// <summary>Faults in random order, each once before any comes again. For one thread.</summary>
internal sealed class FaultDeck(IReadOnlyList<Fault> faults, Random random)
{
    private readonly Queue<Fault> _next = [];

    public Fault Deal()
    {
        if (_next.Count == 0)
        {
            var all = faults.ToArray();
            random.Shuffle(all);
            foreach (var fault in all)
                _next.Enqueue(fault);
        }
        return _next.Dequeue();
    }
}
