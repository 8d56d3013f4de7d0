using System.Collections.Concurrent;
using System.Security.Cryptography;
using Gateway.Server.Backplane;
using Gateway.Server.Connections;

namespace Gateway.Server.Cluster;

/// <summary>
/// The nodes of the cluster, known by their heartbeats, and questions to all of them. A question has a deadline, so that a node that hangs
/// is named in the answer instead of holding it up. A node that fell silent without saying that it stops is named for a while too, but not
/// waited for: it may be cut off and still have its clients. Safe for any thread; run by the host.
/// </summary>
internal sealed partial class NodeRegistry(
    INodeBus bus, LocalNode local, ISharedUserLimit users, ISharedHandshakeRates handshakes, BrokenRecords broken, TimeProvider time,
    ILogger<NodeRegistry> log) : BackgroundService, IPeerNodes
{
    /// <summary>Far more nodes than a cluster has. The bound is for a prefix that strangers share.</summary>
    private const int MaxNodes = 1_000;

    private const int MaxSurveys = 256;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    /// <summary>How long a node is known without a heartbeat: three may be lost.</summary>
    private static readonly TimeSpan HeartbeatTimeout = TimeSpan.FromSeconds(7);

    /// <summary>How long a silent node is named: a node that is cut off is back sooner, or an operator looks after it.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);

    /// <summary>How long sending that the node stops may take. Otherwise the others notice after <see cref="HeartbeatTimeout"/>.</summary>
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<string, OtherNode> _others = new();
    private readonly ConcurrentDictionary<string, Survey> _surveys = new();
    private readonly string _id = RandomNumberGenerator.GetHexString(12, lowercase: true);

    /// <summary>When the other nodes came into reach last, as a timestamp.</summary>
    private long _reached = time.GetTimestamp();

    /// <summary>Nodes with heartbeats, this one included: counted when that may have changed, read for every connection.</summary>
    private volatile int _heard = 1;

    /// <summary>This node first, then the others with heartbeats, by name.</summary>
    public IReadOnlyList<NodeSummary> All =>
    [
        local.Summary(_id),
        .. _others.Values.Where(IsHeard).Select(other => other.Summary).OrderBy(node => node.Node, StringComparer.Ordinal),
    ];

    /// <summary>Names of the nodes that fell silent.</summary>
    public IReadOnlyList<string> Missing => NamesOf(_others.Values.Where(other => !IsHeard(other)));

    /// <summary>Asks every node, this one too.</summary>
    /// <returns>Null when too many questions are open.</returns>
    public async ValueTask<SurveyResult?> AskAsync(NodeRequest request)
    {
        if (_surveys.Count >= MaxSurveys)
            return null;
        var others = _others.ToDictionary();
        var heard = others.Where(other => IsHeard(other.Value)).Select(other => other.Key).Append(_id).ToHashSet();
        var survey = new Survey(heard, others.Keys.Except(heard), oneWillDo: request.Connection is not null);
        string id = RandomNumberGenerator.GetHexString(16, lowercase: true);
        _surveys[id] = survey;
        try
        {
            var question = new NodeMessage(_id) { Id = id, Request = request };
            bool asked = others.Count == 0 || await SendAsync(null, question).ConfigureAwait(false);
            survey.Add(_id, await local.DoAsync(request).ConfigureAwait(false));
            if (asked)
                await survey.Done.WaitAsync(AnswerTimeout, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return new SurveyResult(survey.Answers, NamesOf(survey.Missing.Select(node => others[node])));
        }
        finally
        {
            _surveys.TryRemove(id, out _);
        }
    }

    /// <inheritdoc/>
    public int Reachable => bus.Problem is null ? _heard : 1;

    string[] IPeerNodes.Counting =>
    [
        .. _others.Where(other => other.Value is { AnswersClaims: true, HasMissed: false } && IsHeard(other.Value))
            .Select(other => other.Key),
    ];

    void IPeerNodes.Missed(string node)
    {
        if (_others.TryGetValue(node, out var other))
            _others.TryUpdate(node, other with { HasMissed = true }, other);
    }

    void IPeerNodes.Claim(string id, IReadOnlyDictionary<string, int> claims) =>
        _ = SendAsync(null, new NodeMessage(_id) { Id = id, Claims = claims });

    void IPeerNodes.SendHandshakes(IReadOnlyDictionary<string, int> addresses) =>
        _ = SendAsync(null, new NodeMessage(_id) { Handshakes = addresses });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        users.Join(this);
        handshakes.Join(this);
        bus.Start(_id, Receive, OnReached);
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                Forget();
                await SendAsync(null, Heartbeat()).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            Task parting = SendAsync(null, new NodeMessage(_id) { IsGone = true });
            await parting.WaitAsync(LeaveTimeout, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private NodeMessage Heartbeat() => new(_id) { Heartbeat = local.Summary(_id), AnswersClaims = true, Users = users.Report() };

    private bool IsHeard(OtherNode other) => time.GetElapsedTime(other.Heard) <= HeartbeatTimeout;

    private static string[] NamesOf(IEnumerable<OtherNode> others) =>
        [.. others.Select(other => other.Summary.Node).Distinct().Order(StringComparer.Ordinal)];

    private void OnReached()
    {
        Volatile.Write(ref _reached, time.GetTimestamp());
        _ = SendAsync(null, Heartbeat() with { IsNew = true });
    }

    /// <summary>
    /// Drops nodes that were silent for too long, or that a process with the same name and address has replaced. While the bus does not
    /// work, no node is dropped.
    /// </summary>
    private void Forget()
    {
        CountHeard();
        if (bus.Problem is not null)
            return;
        long reached = Volatile.Read(ref _reached);
        var there = All.Select(node => (node.Node, node.Address)).ToHashSet();
        foreach (var (id, other) in _others)
        {
            bool isReplaced = there.Contains((other.Summary.Node, other.Summary.Address));
            if (!IsHeard(other) && (isReplaced || time.GetElapsedTime(Math.Max(other.Heard, reached)) > Memory))
                _others.TryRemove(KeyValuePair.Create(id, other));
        }
    }

    private void CountHeard() => _heard = 1 + _others.Values.Count(IsHeard);

    /// <returns>Whether the message is one of this node's own.</returns>
    private bool Receive(ReadOnlyMemory<byte> bytes)
    {
        if (NodeMessage.Read(bytes.Span) is not { } message)
        {
            broken.Drop(RecordKind.Node);
            return false;
        }
        if (message.From == _id)
        {
            if (message is { Claims: not null, Id: { } own })
                users.OnPlaced(own);
            return true;
        }
        if (message.Heartbeat is { } summary && (_others.Count < MaxNodes || _others.ContainsKey(message.From)))
        {
            _others[message.From] = new OtherNode(summary with { Id = message.From }, time.GetTimestamp(), message.AnswersClaims);
            CountHeard();
        }
        if (message.IsGone)
        {
            _others.TryRemove(message.From, out _);
            users.OnGone(message.From);
            CountHeard();
        }
        ReceiveCounts(message);
        if (message.IsNew)
            _ = SendAsync(message.From, Heartbeat());
        if (message.Answer is { } answer && message.Id is { } question && _surveys.TryGetValue(question, out var survey))
            survey.Add(message.From, answer);
        if (message.Request is { } request && message.Id is { } id)
            _ = AnswerAsync(message.From, id, request);
        return false;
    }

    /// <summary>
    /// Takes what a message says of limits that hold on all nodes together. A claim is answered before the next message is read, as the
    /// order of claims decides.
    /// </summary>
    private void ReceiveCounts(NodeMessage message)
    {
        if (message.Users is { } reported)
            users.OnReported(message.From, reported);
        if (message.Handshakes is { } let)
            handshakes.OnReport(let);
        if (message.Id is not { } id)
            return;
        if (message.Claims is { } claims)
            _ = SendAsync(message.From, new NodeMessage(_id) { Id = id, Taken = users.OnClaimed(message.From, claims) });
        if (message.Taken is { } taken)
            users.OnAnswered(message.From, id, taken);
    }

    private async Task AnswerAsync(string to, string id, NodeRequest request)
    {
        try
        {
            // The bus calls with one message after the other, and must not wait.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            var answer = await local.DoAsync(request).ConfigureAwait(false);
            await SendAsync(to, new NodeMessage(_id) { Id = id, Answer = answer }).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            LogFailure(log, failure, request.Action);
        }
    }

    /// <returns>False when the bus does not work.</returns>
    private async Task<bool> SendAsync(string? to, NodeMessage message)
    {
        try
        {
            return await bus.SendAsync(to, message.Write()).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            LogFailure(log, failure, "tell");
            return false;
        }
    }

    /// <summary>Another node, as its last heartbeat described it.</summary>
    /// <param name="Summary">The description.</param>
    /// <param name="Heard">When the heartbeat came, as a timestamp.</param>
    /// <param name="AnswersClaims">Whether the node's version answers claims.</param>
    /// <param name="HasMissed">Whether the node has left a claim unanswered since.</param>
    private sealed record OtherNode(NodeSummary Summary, long Heard, bool AnswersClaims, bool HasMissed = false);

    [LoggerMessage(45, LogLevel.Error, "What another node asked for, '{Action}', failed.")]
    private static partial void LogFailure(ILogger log, Exception failure, string action);
}
