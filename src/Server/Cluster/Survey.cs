namespace Gateway.Server.Cluster;

/// <summary>Safe for any thread. A question to every node, and the answers so far.</summary>
internal sealed class Survey
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _awaited;
    private readonly HashSet<string> _silent;
    private readonly List<NodeAnswer> _answers = [];
    private readonly bool _oneWillDo;
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool _isFound;

    /// <param name="awaited">Nodes that are expected to answer, by id.</param>
    /// <param name="silent">Nodes that may answer, and are not waited for.</param>
    /// <param name="oneWillDo">Whether nobody else has to answer once one has found something: a connection is on one node only.</param>
    public Survey(IEnumerable<string> awaited, IEnumerable<string> silent, bool oneWillDo)
    {
        _awaited = [.. awaited];
        _silent = [.. silent];
        _oneWillDo = oneWillDo;
    }

    /// <summary>Completes when all that are expected to have answered.</summary>
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
                return _isFound ? [] : [.. _awaited, .. _silent];
        }
    }

    public void Add(string node, NodeAnswer answer)
    {
        lock (_gate)
        {
            if (!_awaited.Remove(node) && !_silent.Remove(node))
                return;
            _answers.Add(answer);
            _isFound |= _oneWillDo && answer.Connections > 0;
            if (_isFound || _awaited.Count == 0)
                _done.TrySetResult();
        }
    }
}
