namespace Gateway.Client;

/// <summary>
/// Safe for any thread. The requests that are not answered yet, bounded, in the order they were made: those waiting to be sent, and those
/// sent and unanswered, which wait again when their connection is lost.
/// </summary>
/// <param name="limit">How many there are at most.</param>
/// <param name="time">The clock.</param>
internal sealed class RequestQueue(int limit, TimeProvider time)
{
    /// <summary>Sent and unanswered at once: enough to hide the round trip, and fewer than the refusals in a row that the gateway closes for.</summary>
    private const int Window = 64;

    /// <summary>The gateway knows a key for five minutes (protocol, "Idempotency"); after this, sending again might double.</summary>
    internal static readonly TimeSpan SafeToRepeat = TimeSpan.FromMinutes(4.5);

    private static readonly TimeSpan DefaultPause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, Request> _waiting = [];
    private readonly Dictionary<long, Request> _sent = [];
    private GatewayException? _closed;
    private long _pausedAt;
    private TimeSpan _pause;

    public int Count
    {
        get
        {
            lock (_gate)
                return _waiting.Count + _sent.Count;
        }
    }

    /// <summary>Takes a request in; what has to give way for it, perhaps itself, fails.</summary>
    public void Add(Request request)
    {
        Request? refused = null;
        GatewayException? closed;
        lock (_gate)
        {
            closed = _closed;
            if (closed is null)
            {
                _waiting.Add(request.Id, request);
                if (_waiting.Count + _sent.Count > limit)
                {
                    // Never one that may have been done: its caller could not know.
                    refused = _waiting.Values.First(waiting => !waiting.IsUncertain);
                    _waiting.Remove(refused.Id);
                }
            }
        }
        if (closed is not null)
            request.Fail(closed.Again());
        if (refused is null)
            return;
        ClientMetrics.Refused();
        refused.Fail(new GatewayException(GatewayErrorCode.QueueFull, $"more than {limit} messages wait for the gateway; this was the oldest that had not been sent"));
    }

    /// <summary>The next to send, which is sent from now on; null while there is none.</summary>
    public Request? Next()
    {
        while (true)
        {
            Request request;
            bool expired;
            lock (_gate)
            {
                if (_waiting.Count == 0 || _sent.Count >= Window || IsPaused)
                    return null;
                request = _waiting.Values.First();
                _waiting.Remove(request.Id);
                expired = request is { IsUncertain: true, Changes: true, Sent: { } sent } && time.GetElapsedTime(sent) > SafeToRepeat;
                if (!expired)
                {
                    request.Sent ??= time.GetTimestamp();
                    _sent.Add(request.Id, request);
                    return request;
                }
            }
            request.Fail(new GatewayException(GatewayErrorCode.Unconfirmed, "there was no answer for too long to send it again safely; it may have been published"));
        }
    }

    /// <summary>An answer or an error came.</summary>
    /// <returns>False when it belongs to no request here.</returns>
    public bool TrySettle(ServerMessage answer)
    {
        Request? request;
        lock (_gate)
        {
            if (answer.Id is not { } id || !_sent.Remove(id, out request))
                return false;
            if (answer.Code == GatewayErrorCode.Unconfirmed)
                request.IsUncertain = true;
            if (IsRepeated(request, answer.Code))
            {
                _waiting.Add(id, request);
                (_pausedAt, _pause) = (time.GetTimestamp(), answer.RetryAfter ?? DefaultPause);
                return true;
            }
        }
        if (answer.Type == "error")
            request.Fail(new GatewayException(answer.Code ?? GatewayErrorCode.Internal, answer.Reason ?? "", answer.RetryAfter));
        else
            request.Settle(answer);
        return true;
    }

    /// <summary>
    /// Whether the answer is not the last word: nothing was done yet, or nobody knows. What may have been done by an earlier try stays uncertain
    /// when a later one is refused because the gateway cannot at the moment: that says nothing about the earlier one.
    /// </summary>
    private static bool IsRepeated(Request request, string? code) =>
        code == GatewayErrorCode.RateLimited || (request is { IsUncertain: true, Changes: true } && code is GatewayErrorCode.Unconfirmed or GatewayErrorCode.Unavailable);

    public void Cancel(Request request, CancellationToken token)
    {
        lock (_gate)
        {
            _waiting.Remove(request.Id);
            _sent.Remove(request.Id);
        }
        request.Cancel(token);
    }

    /// <summary>The connection is lost: what was sent on it is sent again on the next.</summary>
    public void OnConnectionLost()
    {
        lock (_gate)
        {
            foreach (var request in _sent.Values)
            {
                request.IsUncertain = true;
                _waiting.Add(request.Id, request);
            }
            _sent.Clear();
            _pause = TimeSpan.Zero;
        }
    }

    /// <summary>Fails everything, and what comes after it.</summary>
    public void Close(GatewayException reason)
    {
        List<Request> open;
        lock (_gate)
        {
            _closed = reason;
            open = [.. _waiting.Values, .. _sent.Values];
            _waiting.Clear();
            _sent.Clear();
        }
        foreach (var request in open)
            request.Fail(reason.Again());
    }

    private bool IsPaused => _pause > TimeSpan.Zero && time.GetElapsedTime(_pausedAt) < _pause;
}
