namespace Gateway.Client;

/// <content>The connection's clock loop: it finds out that the connection is dead, and refreshes the token.</content>
internal sealed partial class Connection
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    /// <summary>The least time between two refreshes, even when this machine's clock is ahead of the gateway's.</summary>
    private static readonly TimeSpan ShortestRefresh = TimeSpan.FromSeconds(5);

    private long _receivedAt;
    private long? _pingedAt;
    private string? _abortReason;
    private long _refreshId;
    private long _refreshAt = long.MaxValue;
    private Task _refreshing = Task.CompletedTask;
    private volatile bool _refreshNow;

    private TimeProvider Time => _services.Options.Time;

    private async Task TickAsync(CancellationToken ended)
    {
        using var timer = new PeriodicTimer(Period, Time);
        try
        {
            while (await timer.WaitForNextTickAsync(ended).ConfigureAwait(false))
            {
                CheckLife();
                CheckToken(ended);
                _services.Subscriptions.Tick();
                // The queue of requests may have been paused, and its pause may be over.
                Wake();
            }
        }
        catch (OperationCanceledException)
        {
            // The connection is over.
        }
        await _refreshing.ConfigureAwait(false);
    }

    private void CheckLife()
    {
        var pongTimeout = _services.Options.PongTimeout;
        long receivedAt = Volatile.Read(ref _receivedAt);
        if (_pingedAt is { } pingedAt && receivedAt > pingedAt)
            _pingedAt = null;
        if (_pingedAt is { } unanswered)
        {
            if (Time.GetElapsedTime(unanswered) < pongTimeout)
                return;
            _abortReason = "nothing was heard in time";
            _socket.Abort();
        }
        else if (Time.GetElapsedTime(receivedAt) >= _welcome.Ping + pongTimeout)
        {
            _pingedAt = Time.GetTimestamp();
            Post(ClientMessageWriter.Ping(_services.Subscriptions.NextId()));
        }
    }

    private void OnConnected(ServerMessage message)
    {
        _welcome = message;
        PlanRefresh(message.Expires);
    }

    private void OnRefreshed(ServerMessage message) => PlanRefresh(message.Expires);

    private void PlanRefresh(DateTimeOffset? expires)
    {
        Volatile.Write(ref _refreshAt, long.MaxValue);
        if (expires is not { } at || _services.Options.Token is null)
            return;
        var life = at - Time.GetUtcNow();
        // Up to a tenth earlier: clients that connected together should not fetch tokens together.
        var ahead = TimeSpan.FromTicks(Math.Min(_services.Options.RefreshAhead.Ticks, life.Ticks / 2));
        RefreshAfter((life - ahead) * (1 - (Random.Shared.NextDouble() / 10)));
    }

    private void RefreshAfter(TimeSpan delay)
    {
        double seconds = Math.Max(delay.TotalSeconds, ShortestRefresh.TotalSeconds);
        Volatile.Write(ref _refreshAt, Time.GetTimestamp() + (long)(seconds * Time.TimestampFrequency));
    }

    private void RefreshSoon() => _refreshNow = true;

    private void CheckToken(CancellationToken ended)
    {
        bool due = _refreshNow || Time.GetTimestamp() >= Volatile.Read(ref _refreshAt);
        if (!due || !_refreshing.IsCompleted || _services.Options.Token is not { } token)
            return;
        _refreshNow = false;
        // A refresh that gets no answer is repeated after this time.
        RefreshAfter(ShortestRefresh);
        _refreshing = RefreshAsync(token, ended);
    }

    private async Task RefreshAsync(Func<CancellationToken, ValueTask<string?>> callback, CancellationToken ended)
    {
        try
        {
            if (await callback(ended).ConfigureAwait(false) is not { } token)
                return;
            _refreshId = _services.Subscriptions.NextId();
            Post(ClientMessageWriter.Refresh(_refreshId, token));
        }
        catch (Exception e)
        {
            if (!ended.IsCancellationRequested)
                ClientLog.TokenFailed(_services.Log, e);
        }
    }

    /// <summary>Whether the error answers a refresh. The client then tries another token, until the gateway ends the connection.</summary>
    private bool IsOfRefresh(ServerMessage error)
    {
        if (error.Id != _refreshId)
            return false;
        ClientLog.RefreshRefused(_services.Log, error.Reason);
        return true;
    }
}
