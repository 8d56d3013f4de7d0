namespace Gateway.Client;

/// <summary>
/// The bounded queue of unanswered requests, in the order in which they were made: those that wait to be sent, and those that were sent and
/// wait to be sent again if their connection is lost. Safe for any thread.
/// </summary>
/// <param name="limit">The most requests in the queue.</param>
/// <param name="time">The clock.</param>
internal sealed class RequestQueue(int limit, TimeProvider time)
{
    /// <summary>
    /// The most requests that are sent and unanswered at once: enough to hide the round trip, and fewer than the 100 refusals within 10 s
    /// after which the gateway closes the connection.
    /// </summary>
    private const int Window = 64;

    /// <summary>
    /// The time after the first sending in which repeating a request is safe. The gateway remembers a key for five minutes
    /// (docs/protocol.md, "Idempotency"); half a minute of it is left for the way.
    /// </summary>
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

    /// <summary>Adds a request. Over the limit, the oldest request that was not sent fails, which may be this one.</summary>
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
                    // Never a request that may have been done: its caller would be told that it was not.
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
        refused.Fail(new GatewayException(
            GatewayErrorCode.QueueFull,
            $"more than {limit} messages wait for the gateway; this was the oldest that had not been sent"));
    }

    /// <summary>Takes the next request to send, which counts as sent from now on. Null while there is none.</summary>
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
            request.Fail(new GatewayException(
                GatewayErrorCode.Unconfirmed,
                "there was no answer for too long to send it again safely; it may have been published"));
        }
    }

    /// <summary>Takes an answer or an error to its request.</summary>
    /// <returns>False when no request in the queue has its id.</returns>
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
        if (answer.Type == ServerMessageType.Error)
            request.Fail(new GatewayException(answer.Code ?? GatewayErrorCode.Internal, answer.Reason ?? "", answer.RetryAfter));
        else
            request.Settle(answer);
        return true;
    }

    /// <summary>
    /// Whether the request is sent again after this error: nothing was done yet, or the outcome is unknown. A request that an earlier try
    /// may have done stays uncertain when a later try is refused with <c>unavailable</c>, which tells nothing about the earlier one.
    /// </summary>
    private static bool IsRepeated(Request request, string? code) =>
        code == GatewayErrorCode.RateLimited ||
        (request is { IsUncertain: true, Changes: true } && code is GatewayErrorCode.Unconfirmed or GatewayErrorCode.Unavailable);

    public void Cancel(Request request, CancellationToken token)
    {
        lock (_gate)
        {
            _waiting.Remove(request.Id);
            _sent.Remove(request.Id);
        }
        request.Cancel(token);
    }

    /// <summary>Called when the connection was lost: the unanswered requests are sent again on the next connection.</summary>
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

    /// <summary>Fails all requests, and all that are added later.</summary>
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
