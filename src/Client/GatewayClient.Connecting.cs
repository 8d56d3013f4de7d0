namespace Gateway.Client;

/// <content>The connecting loop, and the client's start and end.</content>
public sealed partial class GatewayClient
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _running;
    private bool _isDisposed;

    /// <summary>The client's state.</summary>
    public ConnectionState State { get; private set; }

    /// <summary>
    /// Completes when the client has been disposed of. Fails with a <see cref="GatewayException"/> when the gateway has closed the
    /// connection for good.
    /// </summary>
    public Task Completion => _completion.Task;

    /// <summary>
    /// Raised at every change of <see cref="State"/>, in order. Handlers run inside the client's connecting loop: a handler that takes long
    /// delays the next attempt, and a handler that waits for <see cref="DisposeAsync"/> never returns.
    /// </summary>
    public event Action<ConnectionStateChange>? StateChanged;

    /// <summary>
    /// Starts to connect, if the client has not started yet, and waits for the first connection. Any other use of the client connects too.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting. The client goes on connecting.</param>
    /// <returns>A task that completes with the first connection. Failed attempts are repeated until then.</returns>
    /// <exception cref="GatewayException">The gateway refused the client for good.</exception>
    /// <exception cref="OperationCanceledException">
    /// <paramref name="cancellationToken"/> was canceled, or the client disposed of.
    /// </exception>
    public Task ConnectAsync(CancellationToken cancellationToken = default)
    {
        Start();
        return _connected.Task.WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Closes the connection. Enumerations of messages and presence end, and calls that wait for an answer fail with
    /// <see cref="GatewayErrorCode.Closed"/>.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        Task running;
        lock (_gate)
        {
            _isDisposed = true;
            running = _running ??= Task.Run(() => EndAsync(reason: null));
        }
        await _stop.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
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
            var end = await KeepConnectedAsync().ConfigureAwait(false);
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
        await EndAsync(reason).ConfigureAwait(false);
    }

    /// <summary>Connects, and connects again after each end.</summary>
    /// <returns>The end after which the client stops.</returns>
    private async Task<ConnectionEnd> KeepConnectedAsync()
    {
        var backoff = new Backoff(Random.Shared);
        (string? Token, ConnectionEnd? End) refused = default;
        while (true)
        {
            SetState(new ConnectionStateChange(ConnectionState.Connecting));
            (string? token, var end) = await FetchTokenAsync().ConfigureAwait(false);
            if (refused.End is { } refusal && token == refused.Token)
                return refusal with { Reason = "the token was refused, and there is no other: " + refusal.Reason };
            end ??= await ConnectAsync(token, backoff).ConfigureAwait(false);
            _stop.Token.ThrowIfCancellationRequested();
            if (end.Next == AfterEnd.Stop || (end.Next == AfterEnd.NewToken && token is null))
                return end;
            // A later end for another reason leaves the refused token refused.
            if (end.Next == AfterEnd.NewToken)
                refused = (token, end);
            var delay = backoff.Next(end.RetryAfter);
            ClientLog.Waiting(_log, end.Inner, end.Reason, end.CloseCode, delay);
            SetState(new ConnectionStateChange(ConnectionState.Waiting, end.Reason, end.CloseCode, delay));
            await Task.Delay(delay, _options.Time, _stop.Token).ConfigureAwait(false);
        }
    }

    private async ValueTask<(string? Token, ConnectionEnd? Failure)> FetchTokenAsync()
    {
        try
        {
            return (_options.Token is null ? null : await _options.Token(_stop.Token).ConfigureAwait(false), null);
        }
        catch (Exception e) when (!_stop.IsCancellationRequested)
        {
            return (null, ConnectionEnd.Lost("the token callback failed", e));
        }
    }

    private async Task<ConnectionEnd> ConnectAsync(string? token, Backoff backoff)
    {
        var (opened, refusal) = await Connection.OpenAsync(_services, token, _stop.Token).ConfigureAwait(false);
        if (opened is null)
        {
            ClientMetrics.FailedToConnect();
            return refusal!;
        }
        using var connection = opened;
        long since = _options.Time.GetTimestamp();
        ClientMetrics.Connected();
        ClientLog.Connected(_log, _options.Url, connection.Welcome.User, connection.Welcome.Connection, connection.Welcome.Node);
        SetState(new ConnectionStateChange(ConnectionState.Connected));
        _connected.TrySetResult();
        var end = await connection.RunAsync(_stop.Token).ConfigureAwait(false);
        ClientMetrics.Ended(end.CloseCode);
        backoff.OnEnded(_options.Time.GetElapsedTime(since));
        return end;
    }

    private async Task EndAsync(GatewayException? reason)
    {
        _requests.Close(reason ?? new GatewayException(GatewayErrorCode.Closed, "the client has been disposed of"));
        await _subscriptions.CloseAsync(reason).ConfigureAwait(false);
        SetState(new ConnectionStateChange(ConnectionState.Closed, reason?.Message, reason?.CloseCode));
        if (reason is null)
        {
            _connected.TrySetCanceled();
            _completion.TrySetResult();
            return;
        }
        _connected.TrySetException(reason);
        _completion.TrySetException(reason);
        // The application need not look at either task: reading the exceptions keeps them from being reported as unobserved.
        _ = _connected.Task.Exception;
        _ = _completion.Task.Exception;
    }

    private void SetState(ConnectionStateChange change)
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
