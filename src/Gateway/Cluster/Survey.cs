namespace Gateway.Cluster;

/// <summary>Safe for any thread. A question to every node, and the answers so far.</summary>
internal sealed class Survey
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _waiting;
    private readonly List<NodeAnswer> _answers = [];
    private readonly bool _oneWillDo;
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="nodes">Who is expected to answer, by id.</param>
    /// <param name="oneWillDo">Whether nobody else has to answer once one has found something: a connection is on one node only.</param>
    public Survey(IEnumerable<string> nodes, bool oneWillDo)
    {
        _waiting = [.. nodes];
        _oneWillDo = oneWillDo;
    }

    /// <summary>Completes when all have answered.</summary>
    public Task Done => _done.Task;

    public IReadOnlyList<NodeAnswer> Answers
    {
        get
        {
            lock (_gate)
                return [.. _answers];
        }
    }

    /// <summary>Ids of those who have not answered, where that matters.</summary>
    public IReadOnlyList<string> Missing
    {
        get
        {
            lock (_gate)
                return _done.Task.IsCompleted ? [] : [.. _waiting];
        }
    }

    public void Add(string node, NodeAnswer answer)
    {
        lock (_gate)
        {
            if (!_waiting.Remove(node))
                return;
            _answers.Add(answer);
            if (_waiting.Count == 0 || (_oneWillDo && answer.Connections > 0))
                _done.TrySetResult();
        }
    }
}
