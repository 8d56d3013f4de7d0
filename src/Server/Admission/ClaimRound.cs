namespace Gateway.Server.Admission;

/// <summary>
/// One claim to the other nodes, for all users that had connections waiting, and the answers so far. For one thread at a time: its owner
/// has the lock.
/// </summary>
/// <param name="id">Names it on the bus.</param>
/// <param name="waiting">By user, in the order in which they came.</param>
/// <param name="awaited">Ids of the nodes that are expected to answer.</param>
internal sealed class ClaimRound(string id, IReadOnlyDictionary<string, List<WaitingPlace>> waiting, IEnumerable<string> awaited)
{
    private readonly Dictionary<string, int> _others = [];
    private readonly HashSet<string> _awaited = [.. awaited];
    private readonly HashSet<string> _answered = [];
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Id => id;

    public IReadOnlyDictionary<string, List<WaitingPlace>> Waiting => waiting;

    /// <summary>
    /// Whether the bus has brought the claim back. The bus has one order for all nodes: a claim that comes later has to leave room for this
    /// one, and this one for a claim that came earlier.
    /// </summary>
    public bool IsPlaced { get; set; }

    /// <summary>Completes when all have answered.</summary>
    public Task Done => _done.Task;

    /// <summary>Those that have not answered.</summary>
    public IReadOnlyCollection<string> Missing => _awaited;

    public bool HasAnswered(string node) => _answered.Contains(node);

    /// <summary>Connections of a user on the nodes that have answered.</summary>
    public int OthersOf(string user) => _others.GetValueOrDefault(user);

    public void CompleteIfAnswered()
    {
        if (_awaited.Count == 0)
            _done.TrySetResult();
    }

    public void Add(string node, IReadOnlyDictionary<string, int> taken)
    {
        if (!_answered.Add(node))
            return;
        foreach (var (user, count) in taken)
            _others[user] = _others.GetValueOrDefault(user) + Math.Max(0, count);
        _awaited.Remove(node);
        CompleteIfAnswered();
    }
}
