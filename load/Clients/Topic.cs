namespace Gateway.Load.Clients;

/// <summary>Made by one thread, before anything is sent; then read by all. A channel, those who send to it, and those who listen.</summary>
internal sealed class Topic(string channel)
{
    private readonly List<Listener> _counting = [];

    public string Channel { get; } = channel;

    public List<Source> Sources { get; } = [];

    /// <summary>The number of listeners that must get each message.</summary>
    public int Audience => _counting.Count;

    public IReadOnlyList<Listener> Counting => _counting;

    /// <summary>The listeners that are there from the first message to the last, and must get all.</summary>
    public void AddCounting(Listener listener) => _counting.Add(listener);

    /// <summary>At the end, when nothing is under way any more: every listener has everything, and all had it in the same order.</summary>
    public void Check(Problems problems)
    {
        foreach (var listener in _counting)
        {
            foreach (var source in Sources)
            {
                long got = listener.Next(source);
                if (got != source.Sent)
                    problems.Add($"{listener.Client}: {got} of {source.Sent} messages of {source.Client} to {Channel} arrived");
            }
            if (problems.Count == 0 && listener.OrderSeen != _counting[0].OrderSeen)
                problems.Add($"{listener.Client} and {_counting[0].Client} got the messages of {Channel} in different orders");
        }
    }
}
