namespace Gateway.Server.Cluster;

/// <summary>An open question to every node, with the answers so far. Safe for any thread.</summary>
internal sealed class Survey
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _awaited;
    private readonly HashSet<string> _silent;
    private readonly List<NodeAnswer> _answers = [];
    private readonly bool _oneWillDo;
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool _isFound;

    /// <param name="awaited">Ids of the nodes that are waited for.</param>
    /// <param name="silent">Ids of the nodes that may answer and are not waited for.</param>
    /// <param name="oneWillDo">Whether the first node that finds something is enough: a connection is on one node only.</param>
    public Survey(IEnumerable<string> awaited, IEnumerable<string> silent, bool oneWillDo)
    {
        _awaited = [.. awaited];
        _silent = [.. silent];
        _oneWillDo = oneWillDo;
    }

    /// <summary>Completes when all awaited nodes have answered.</summary>
    public Task Done => _done.Task;

    public IReadOnlyList<NodeAnswer> Answers
    {
        get
        {
            lock (_gate)
                return [.. _answers];
        }
    }

    /// <summary>Ids of the nodes that have not answered; empty where one answer was enough.</summary>
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
