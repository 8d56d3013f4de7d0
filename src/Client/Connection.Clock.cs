namespace Gateway.Client;

/// <content>What the clock does for a connection: finds out that it is dead, and has its token refreshed.</content>
internal sealed partial class Connection
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    /// <summary>Between refreshes, whatever the clocks say: this one may be ahead of the gateway's.</summary>
    private static readonly TimeSpan ShortestRefresh = TimeSpan.FromSeconds(5);

    private long _heardAt;
    private long? _askedAt;
    private string? _deathCause;
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
            while (await timer.WaitForNextTickAsync(ended))
            {
                CheckLife();
                CheckToken(ended);
                _services.Subscriptions.Tick();
                // The queue may have been paused.
                Wake();
            }
        }
        catch (OperationCanceledException)
        {
            // The connection is over.
        }
        await _refreshing;
    }

    private void CheckLife()
    {
        var pongTimeout = _services.Options.PongTimeout;
        long heardAt = Volatile.Read(ref _heardAt);
        if (_askedAt is { } askedAt && heardAt > askedAt)
            _askedAt = null;
        if (_askedAt is { } unanswered)
        {
            if (Time.GetElapsedTime(unanswered) < pongTimeout)
                return;
            _deathCause = "nothing was heard in time";
            _socket.Abort();
        }
        else if (Time.GetElapsedTime(heardAt) >= _welcome.Ping + pongTimeout)
        {
            _askedAt = Time.GetTimestamp();
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
        // Up to a tenth earlier: clients that connected together should not all ask for tokens together.
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
        // Should the answer not come, it is asked again.
        RefreshAfter(ShortestRefresh);
        _refreshing = RefreshAsync(token, ended);
    }

    private async Task RefreshAsync(Func<CancellationToken, ValueTask<string?>> callback, CancellationToken ended)
    {
        try
        {
            if (await callback(ended) is not { } token)
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

    /// <summary>A refresh that was refused is tried again with another token, until the gateway ends the connection.</summary>
    private bool IsOfRefresh(ServerMessage error)
    {
        if (error.Id != _refreshId)
            return false;
        ClientLog.RefreshRefused(_services.Log, error.Reason);
        return true;
    }
}
