namespace Gateway.Client;

/// <summary>
/// Safe for any thread; one at a time reads. One channel's subscription across connections: it keeps the position up to which messages
/// are in the buffer, and after every interruption asks for what follows that.
/// </summary>
internal sealed partial class ChannelSubscription(string channel, SubscribeOptions options, SubscriptionTable table)
{
    private readonly Lock _gate = new();
    private readonly Queue<BufferedMessage> _buffer = [];
    private readonly Signal _readable = new();
    private readonly TaskCompletionSource<Position?> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SubscriptionPhase _phase = SubscriptionPhase.Away;
    private Position? _position = options.After;
    private GatewayException? _failure;
    private bool _dropped;
    private bool _endsInLoss;
    private bool _isEnding;
    private long _attempt;
    private long _refusedAt;
    private TimeSpan _retryAfter;

    public string Channel => channel;

    public SubscribeOptions Options => options;

    public Task<Position?> Started => _started.Task;

    public long DroppedMessages { get; private set; }

    /// <summary>The oldest in the buffer, waited for.</summary>
    /// <returns>Null when the subscription was ended by this side.</returns>
    /// <exception cref="GatewayException">It was ended by the gateway, and everything before has been read.</exception>
    public async ValueTask<BufferedMessage?> TakeAsync(CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            lock (_gate)
            {
                if (_dropped)
                {
                    _dropped = false;
                    return new BufferedMessage(new MessageLoss(channel, LossReason.BufferFull));
                }
                if (_buffer.TryDequeue(out var item))
                {
                    _endsInLoss &= _buffer.Count > 0;
                    if (_phase == SubscriptionPhase.Full && IsHalfEmpty)
                        Ask();
                    return item;
                }
                if (_phase == SubscriptionPhase.Ended)
                    return _failure is null ? null : throw _failure.Again();
            }
            await _readable.WaitAsync(cancellation);
        }
    }

    public void OnConnected()
    {
        lock (_gate)
        {
            if (_phase != SubscriptionPhase.Ended && (_phase != SubscriptionPhase.Full || IsHalfEmpty))
                Ask();
        }
    }

    public void OnDisconnected()
    {
        lock (_gate)
        {
            _unechoed.OnDisconnected();
            LetGo();
            if (_phase is not (SubscriptionPhase.Ended or SubscriptionPhase.Full))
                _phase = SubscriptionPhase.Away;
        }
    }

    public void OnTick()
    {
        lock (_gate)
        {
            if (_phase == SubscriptionPhase.Retrying && table.Time.GetElapsedTime(_refusedAt) >= _retryAfter)
                Ask();
            if (_held.Count > 0)
                TakeHeld();
        }
    }

    /// <summary>Ends it from this side.</summary>
    public void End()
    {
        lock (_gate)
        {
            if (_isEnding || _phase == SubscriptionPhase.Ended)
                return;
            _isEnding = true;
            _buffer.Clear();
            _dropped = false;
        }
        // The channel is free for another subscription only once this one's end is on its way.
        table.Post(ClientMessageWriter.Unsubscribe(table.NextId(), channel));
        End(failure: null);
    }

    /// <summary>Ends it; readers get what is in the buffer first.</summary>
    public void End(GatewayException? failure)
    {
        lock (_gate)
        {
            if (_phase == SubscriptionPhase.Ended)
                return;
            (_phase, _failure) = (SubscriptionPhase.Ended, failure);
        }
        table.Remove(this);
        if (failure is null)
            _started.TrySetCanceled();
        else
            _started.TrySetException(failure.Again());
        // Nobody has to look at it.
        _ = _started.Task.Exception;
        _readable.Set();
        _presenceChanged.Set();
    }

    private bool IsHalfEmpty => _buffer.Count <= options.Buffer / 2;

    private void Ask()
    {
        LetGo();
        _phase = SubscriptionPhase.Asked;
        _attempt = table.NextId();
        if (options.Token is null)
            table.Post(ClientMessageWriter.Subscribe(_attempt, channel, _position, token: null));
        else
            table.Run(AskWithTokenAsync(options.Token, _attempt, _position));
    }

    private async Task AskWithTokenAsync(Func<CancellationToken, ValueTask<string?>> callback, long attempt, Position? position)
    {
        // The caller holds a lock.
        await Task.Yield();
        try
        {
            string? token = await callback(table.Stopping);
            lock (_gate)
            {
                if (attempt == _attempt && _phase == SubscriptionPhase.Asked)
                    table.Post(ClientMessageWriter.Subscribe(attempt, channel, position, token));
            }
        }
        catch (Exception e)
        {
            if (!table.Stopping.IsCancellationRequested)
                ClientLog.ChannelTokenFailed(table.Log, e, channel);
            lock (_gate)
            {
                if (attempt == _attempt && _phase == SubscriptionPhase.Asked)
                    RetryLater(retryAfter: null);
            }
        }
    }

    /// <summary>With jitter: many clients may have been refused together.</summary>
    private void RetryLater(TimeSpan? retryAfter)
    {
        _phase = SubscriptionPhase.Retrying;
        _refusedAt = table.Time.GetTimestamp();
        _retryAfter = (retryAfter ?? TimeSpan.FromSeconds(1)) + (Random.Shared.NextDouble() * TimeSpan.FromSeconds(1));
    }
}
