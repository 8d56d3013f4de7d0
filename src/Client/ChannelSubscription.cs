namespace Gateway.Client;

/// <summary>
/// One channel's subscription across connections. It keeps the position up to which messages are in its buffer, and subscribes from that
/// position after every interruption. Safe for any thread; one thread at a time reads.
/// </summary>
internal sealed partial class ChannelSubscription(string channel, SubscribeOptions options, SubscriptionTable table)
{
    private readonly Lock _gate = new();
    private readonly Queue<BufferedMessage> _buffer = [];
    private readonly Signal _readable = new();
    private readonly TaskCompletionSource<Position?> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SubscriptionPhase _phase = SubscriptionPhase.Disconnected;
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

    /// <summary>Takes the oldest entry out of the buffer, and waits for one if the buffer is empty.</summary>
    /// <returns>Null when this side has ended the subscription.</returns>
    /// <exception cref="GatewayException">
    /// The gateway has ended the subscription, and all entries before its end have been read.
    /// </exception>
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
                        RequestSubscription();
                    return item;
                }
                if (_phase == SubscriptionPhase.Ended)
                    return _failure is null ? null : throw _failure.Again();
            }
            await _readable.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    public void OnConnected()
    {
        lock (_gate)
        {
            if (_phase != SubscriptionPhase.Ended && (_phase != SubscriptionPhase.Full || IsHalfEmpty))
                RequestSubscription();
        }
    }

    public void OnDisconnected()
    {
        lock (_gate)
        {
            _unechoed.OnDisconnected();
            ClearHeld();
            if (_phase is not (SubscriptionPhase.Ended or SubscriptionPhase.Full))
                _phase = SubscriptionPhase.Disconnected;
        }
    }

    public void OnTick()
    {
        lock (_gate)
        {
            if (_phase == SubscriptionPhase.Retrying && table.Time.GetElapsedTime(_refusedAt) >= _retryAfter)
                RequestSubscription();
            if (_held.Count > 0)
                TakeHeld();
        }
    }

    /// <summary>Ends the subscription from this side.</summary>
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
        // The table frees the channel's name only after the unsubscribe is queued, so that a new subscription's request goes out behind it.
        table.Post(ClientMessageWriter.Unsubscribe(table.NextId(), channel));
        End(failure: null);
    }

    /// <summary>Ends the subscription. Readers get the rest of the buffer first.</summary>
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
        // The application need not look at Started: reading the exception keeps it from being reported as unobserved.
        _ = _started.Task.Exception;
        _readable.Set();
        _presenceChanged.Set();
    }

    private bool IsHalfEmpty => _buffer.Count <= options.Buffer / 2;

    private void RequestSubscription()
    {
        ClearHeld();
        _phase = SubscriptionPhase.Requested;
        _attempt = table.NextId();
        if (options.Token is null)
            table.Post(ClientMessageWriter.Subscribe(_attempt, channel, _position, token: null));
        else
            table.Run(RequestWithTokenAsync(options.Token, _attempt, _position));
    }

    private async Task RequestWithTokenAsync(Func<CancellationToken, ValueTask<string?>> callback, long attempt, Position? position)
    {
        // The caller holds the lock, under which the application's callback must not run.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            string? token = await callback(table.Stopping).ConfigureAwait(false);
            lock (_gate)
            {
                if (attempt == _attempt && _phase == SubscriptionPhase.Requested)
                    table.Post(ClientMessageWriter.Subscribe(attempt, channel, position, token));
            }
        }
        catch (Exception e)
        {
            if (!table.Stopping.IsCancellationRequested)
                ClientLog.ChannelTokenFailed(table.Log, e, channel);
            lock (_gate)
            {
                if (attempt == _attempt && _phase == SubscriptionPhase.Requested)
                    RetryLater(retryAfter: null);
            }
        }
    }

    /// <summary>Plans the next request, with jitter: the gateway may have refused many clients at the same moment.</summary>
    private void RetryLater(TimeSpan? retryAfter)
    {
        _phase = SubscriptionPhase.Retrying;
        _refusedAt = table.Time.GetTimestamp();
        _retryAfter = (retryAfter ?? TimeSpan.FromSeconds(1)) + (Random.Shared.NextDouble() * TimeSpan.FromSeconds(1));
    }
}
