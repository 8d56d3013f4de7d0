namespace Gateway.Chaos.Tests.Checking;

/// <summary>Which messages of one publisher a subscriber has received since it was last told of a loss. For one thread at a time.</summary>
internal sealed class PublisherMarks
{
    private readonly HashSet<int> _received = [];

    /// <summary>The newest of those that were sent once, and over which connection.</summary>
    public (int Number, int Connection) Newest { get; set; }

    /// <summary>False when it came before.</summary>
    public bool Add(int number) => _received.Add(number);

    public void Forget()
    {
        _received.Clear();
        Newest = default;
    }
}
