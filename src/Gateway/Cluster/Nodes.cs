using System.Collections.Concurrent;
using System.Security.Cryptography;
using Gateway.Backplane;

namespace Gateway.Cluster;

/// <summary>
/// Safe for any thread; run by the host. Knows the nodes that are there, by what they say of themselves every two seconds, and asks all of them
/// at once. A question has a deadline, so that a node that hangs is named in the answer instead of holding it up.
/// </summary>
internal sealed partial class Nodes(INodeBus bus, LocalNode local, TimeProvider time, ILogger<Nodes> log) : BackgroundService
{
    /// <summary>Far more than there ever are, for a prefix that strangers share.</summary>
    private const int MaxNodes = 1_000;

    private const int MaxSurveys = 256;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    /// <summary>Three heartbeats may be lost.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(7);

    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(1);

    /// <summary>For the others to hear that this node stops; otherwise they find out after <see cref="Patience"/>.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<string, (NodeSummary Summary, long Heard)> _others = new();
    private readonly ConcurrentDictionary<string, Survey> _surveys = new();
    private readonly string _id = RandomNumberGenerator.GetHexString(12, lowercase: true);

    /// <summary>This node first, then the others by name.</summary>
    public IReadOnlyList<NodeSummary> All => [local.Summary(_id), .. Others().OrderBy(node => node.Node, StringComparer.Ordinal)];

    /// <summary>Asks every node, this one too. Null when too many questions are open.</summary>
    public async ValueTask<SurveyResult?> AskAsync(NodeRequest request)
    {
        if (_surveys.Count >= MaxSurveys)
            return null;
        var others = Others().ToDictionary(node => node.Id);
        var survey = new Survey(others.Keys.Append(_id), oneWillDo: request.Connection is not null);
        string id = RandomNumberGenerator.GetHexString(16, lowercase: true);
        _surveys[id] = survey;
        try
        {
            var asked = others.Count == 0 || await bus.TellAsync(null, new NodeMessage(_id) { Id = id, Request = request }.Write()).ConfigureAwait(false);
            survey.Add(_id, await local.DoAsync(request).ConfigureAwait(false));
            if (asked)
                await survey.Done.WaitAsync(AnswerTime, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return new SurveyResult(survey.Answers, [.. survey.Missing.Select(node => others[node].Node).Order(StringComparer.Ordinal)]);
        }
        finally
        {
            _surveys.TryRemove(id, out _);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        bus.Start(_id, Receive, () => _ = TellAsync(null, Here() with { IsNew = true }));
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                foreach (var (id, (_, heard)) in _others)
                {
                    if (time.GetElapsedTime(heard) > Patience)
                        _others.TryRemove(id, out _);
                }
                await TellAsync(null, Here()).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            await TellAsync(null, new NodeMessage(_id) { IsGone = true }).WaitAsync(Farewell, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private NodeMessage Here() => new(_id) { Here = local.Summary(_id) };

    private IEnumerable<NodeSummary> Others() =>
        _others.Values.Where(other => time.GetElapsedTime(other.Heard) <= Patience).Select(other => other.Summary);

    private void Receive(ReadOnlyMemory<byte> bytes)
    {
        if (NodeMessage.Read(bytes.Span) is not { } message || message.From == _id)
            return;
        if (message.Here is { } summary && (_others.Count < MaxNodes || _others.ContainsKey(message.From)))
            _others[message.From] = (summary with { Id = message.From }, time.GetTimestamp());
        if (message.IsGone)
            _others.TryRemove(message.From, out _);
        if (message.IsNew)
            _ = TellAsync(message.From, Here());
        if (message.Answer is { } answer && message.Id is { } question && _surveys.TryGetValue(question, out var survey))
            survey.Add(message.From, answer);
        if (message.Request is { } request && message.Id is { } id)
            _ = AnswerAsync(message.From, id, request);
    }

    private async Task AnswerAsync(string to, string id, NodeRequest request)
    {
        try
        {
            // Whoever brought the message has others to bring.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            var answer = await local.DoAsync(request).ConfigureAwait(false);
            await TellAsync(to, new NodeMessage(_id) { Id = id, Answer = answer }).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            LogFailure(log, failure, request.Action);
        }
    }

    private async Task TellAsync(string? to, NodeMessage message)
    {
        try
        {
            await bus.TellAsync(to, message.Write()).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            LogFailure(log, failure, "tell");
        }
    }

    [LoggerMessage(40, LogLevel.Error, "What another node asked for, '{Action}', failed.")]
    private static partial void LogFailure(ILogger log, Exception failure, string action);
}
