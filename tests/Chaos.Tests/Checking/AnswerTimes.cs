namespace Gateway.Chaos.Tests.Checking;

/// <summary>
/// Holds every request against the promise that it is answered within five seconds, whatever is wrong behind the node, as long as the node
/// itself runs and its client can be reached. Safe for any thread.
/// </summary>
internal sealed class AnswerTimes(RunClock clock, Problems problems, Busyness busyness)
{
    public const int LimitMilliseconds = 5000;

    /// <summary>For a machine that runs three nodes, two Redis servers and all the clients.</summary>
    private const int SlackMilliseconds = 1000;

    private readonly SortedDictionary<string, (long Count, long Worst)> _figures = new(StringComparer.Ordinal);

    /// <summary>
    /// For each kind of request how many were answered, and the longest that one took, without the time that its node did not run.
    /// </summary>
    public IReadOnlyDictionary<string, (long Count, long Worst)> Figures
    {
        get
        {
            lock (_figures)
                return new SortedDictionary<string, (long Count, long Worst)>(_figures, StringComparer.Ordinal);
        }
    }

    /// <summary>It was answered at last, or its connection has ended.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="isAnswered">False when the connection ended instead.</param>
    public void Done(in PendingRequest request, bool isAnswered)
    {
        long now = clock.Now;
        if (request.Node.IsDead(request.ConnectedAt, now))
            return;
        long took = Took(request, now);
        if (isAnswered)
        {
            lock (_figures)
            {
                var (count, worst) = _figures.GetValueOrDefault(request.What);
                _figures[request.What] = (count + 1, Math.Max(worst, took));
            }
        }
        if (!request.IsReported && IsLate(request, took, now))
            Report(request, took, isAnswered ? "was answered" : "was without an answer when its connection ended");
    }

    /// <summary>It still waits.</summary>
    /// <returns>Whether it waits too long already, which is a problem now.</returns>
    public bool IsLate(in PendingRequest request)
    {
        long now = clock.Now;
        long took = Took(request, now);
        if (request.IsReported || request.Node.IsDead(request.ConnectedAt, now) || !IsLate(request, took, now))
            return false;
        Report(request, took, "is still without an answer");
        return true;
    }

    private static long Took(in PendingRequest request, long now) => now - request.SentAt
        - request.Node.Overlap(Disturbance.Stopped, request.SentAt, now) - request.Node.Overlap(Disturbance.Delayed, request.SentAt, now);

    private bool IsLate(in PendingRequest request, long took, long now) =>
        took > LimitMilliseconds + SlackMilliseconds && took > LimitMilliseconds + SlackMilliseconds + busyness.Late(request.SentAt, now);

    private void Report(in PendingRequest request, long took, string what) => problems.Add(
        ProblemKind.LateAnswer, $"{request.What} to {request.NodeName}",
        $"{request.What} of {request.Client} to {request.NodeName}, sent at {RunClock.Text(request.SentAt)}, "
        + $"{what} after {RunClock.Text(took)}");
}

/// <summary>A request that waits for its answer. Immutable.</summary>
/// <param name="What">Its type.</param>
/// <param name="Client">Who asked.</param>
/// <param name="NodeName">Who was asked.</param>
/// <param name="Node">What that node suffers.</param>
/// <param name="ConnectedAt">When the connection began.</param>
/// <param name="SentAt">When it was sent.</param>
/// <param name="Channel">What it is about; null for nothing.</param>
/// <param name="IsReported">Whether it was found late already.</param>
internal readonly record struct PendingRequest(
    string What,
    string Client,
    string NodeName,
    Disturbances Node,
    long ConnectedAt,
    long SentAt,
    string? Channel,
    bool IsReported = false);
