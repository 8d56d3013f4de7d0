namespace Gateway.Client;

/// <content>The loop that keeps a connection, and how a client begins and ends.</content>
public sealed partial class GatewayClient
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _running;
    private bool _isDisposed;

    /// <summary>Where the client stands.</summary>
    public ConnectionState State { get; private set; }

    /// <summary>Completes when the client has been disposed of; fails with a <see cref="GatewayException"/> when the gateway closed the connection for good.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Every change of <see cref="State"/>, in order, on the client's own thread: a handler that takes long holds the connecting up, and one that waits for <see cref="DisposeAsync"/> waits for good.</summary>
    public event Action<ConnectionStateChange>? StateChanged;

    /// <summary>Connects, unless the client is at it already. Not needed, but for waiting: the first use connects too.</summary>
    /// <param name="cancellationToken">Ends the waiting, not the connecting.</param>
    /// <returns>When the first connection is up; until then it is tried again and again.</returns>
    /// <exception cref="GatewayException">The gateway refused the client for good.</exception>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellationToken"/>, or by disposal.</exception>
    public Task ConnectAsync(CancellationToken cancellationToken = default)
    {
        Start();
        return _connected.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Closes the connection and ends everything: enumerations end, and calls that wait for an answer fail with <see cref="GatewayErrorCode.Closed"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        Task running;
        lock (_gate)
        {
            _isDisposed = true;
            running = _running ??= Task.Run(() => EndAsync(reason: null));
        }
        await _stop.CancelAsync();
        await running;
    }

    private void Start()
    {
        lock (_gate)
        {
            if (!_isDisposed)
                _running ??= Task.Run(RunAsync);
        }
    }

    private async Task RunAsync()
    {
        GatewayException? reason;
        try
        {
            var end = await KeepConnectedAsync();
            ClientLog.Stopped(_log, end.Inner, end.Reason, end.CloseCode);
            reason = end.ToException();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            reason = null;
        }
        catch (Exception e)
        {
            ClientLog.Stopped(_log, e, e.Message, closeCode: null);
            reason = new GatewayException(GatewayErrorCode.Closed, "the client failed: " + e.Message, inner: e);
        }
        await EndAsync(reason);
    }

    /// <returns>Why there will be no connection any more.</returns>
    private async Task<ConnectionEnd> KeepConnectedAsync()
    {
        var backoff = new Backoff(Random.Shared);
        (string? Token, ConnectionEnd? End) refused = default;
        while (true)
        {
            Tell(new ConnectionStateChange(ConnectionState.Connecting));
            (string? token, var end) = await TokenAsync();
            if (refused.End is { } refusal && token == refused.Token)
                return refusal with { Reason = "the token was refused, and there is no other: " + refusal.Reason };
            end ??= await ConnectAsync(token, backoff);
            _stop.Token.ThrowIfCancellationRequested();
            if (end.Next == AfterEnd.Stop || (end.Next == AfterEnd.NewToken && token is null))
                return end;
            // What failed for another reason says nothing of the token before.
            if (end.Next == AfterEnd.NewToken)
                refused = (token, end);
            var delay = backoff.Next(end.RetryAfter);
            ClientLog.Waiting(_log, end.Inner, end.Reason, end.CloseCode, delay);
            Tell(new ConnectionStateChange(ConnectionState.Waiting, end.Reason, end.CloseCode, delay));
            await Task.Delay(delay, _options.Time, _stop.Token);
        }
    }

    private async ValueTask<(string? Token, ConnectionEnd? Failure)> TokenAsync()
    {
        try
        {
            return (_options.Token is null ? null : await _options.Token(_stop.Token), null);
        }
        catch (Exception e) when (!_stop.IsCancellationRequested)
        {
            return (null, ConnectionEnd.Lost("the token callback failed", e));
        }
    }

    private async Task<ConnectionEnd> ConnectAsync(string? token, Backoff backoff)
    {
        var (opened, refusal) = await Connection.OpenAsync(_services, token, _stop.Token);
        if (opened is null)
        {
            ClientMetrics.FailedToConnect();
            return refusal!;
        }
        using var connection = opened;
        long since = _options.Time.GetTimestamp();
        ClientMetrics.Connected();
        ClientLog.Connected(_log, _options.Url, connection.Welcome.User, connection.Welcome.Connection, connection.Welcome.Node);
        Tell(new ConnectionStateChange(ConnectionState.Connected));
        _connected.TrySetResult();
        var end = await connection.RunAsync(_stop.Token);
        ClientMetrics.Ended(end.CloseCode);
        backoff.OnEnded(_options.Time.GetElapsedTime(since));
        return end;
    }

    private async Task EndAsync(GatewayException? reason)
    {
        _requests.Close(reason ?? new GatewayException(GatewayErrorCode.Closed, "the client has been disposed of"));
        await _subscriptions.CloseAsync(reason);
        Tell(new ConnectionStateChange(ConnectionState.Closed, reason?.Message, reason?.CloseCode));
        if (reason is null)
        {
            _connected.TrySetCanceled();
            _completion.TrySetResult();
            return;
        }
        _connected.TrySetException(reason);
        _completion.TrySetException(reason);
        // Nobody has to look at them.
        _ = _connected.Task.Exception;
        _ = _completion.Task.Exception;
    }

    private void Tell(ConnectionStateChange change)
    {
        State = change.State;
        try
        {
            StateChanged?.Invoke(change);
        }
        catch (Exception e)
        {
            ClientLog.HandlerFailed(_log, e);
        }
    }
}
