namespace Gateway.Client;

/// <content>What the gateway says of the channel. The connection's receive loop calls, so nothing here waits.</content>
internal sealed partial class ChannelSubscription
{
    private readonly Signal _presenceChanged = new();
    private readonly UnechoedPublishes _unechoed = new(table.Time);

    /// <summary>Messages behind a hole that own messages may explain; empty but for moments.</summary>
    private readonly Queue<ServerMessage> _held = [];

    private PresenceState? _presence;
    private long? _gapSeen;

    /// <summary>Who is there, as far as known; null before the first answer and where the namespace has no presence.</summary>
    public PresenceState? Presence => Volatile.Read(ref _presence);

    public void OnSubscribed(ServerMessage answer)
    {
        lock (_gate)
        {
            if (_phase != SubscriptionPhase.Asked || answer.Id != _attempt)
                return;
            _phase = SubscriptionPhase.Live;
            if (answer.Recovered is { } recovered)
                ClientMetrics.Recovered(recovered);
            if (answer.Recovered is not true)
            {
                // Without a position nothing could be asked for; with one, history does not reach.
                if (_position is not null)
                    Lose(LossReason.Unrecoverable);
                else if (_started.Task.IsCompleted)
                    Lose(LossReason.Reconnected);
                _position = answer.Position;
            }
            if (_position is { } position)
                _unechoed.OnStarted(position);
            SetPresence(PresenceState.Of(answer));
            _started.TrySetResult(_position);
        }
    }

    public void OnMessage(ServerMessage message)
    {
        lock (_gate)
        {
            if (_phase != SubscriptionPhase.Live)
                return;
            if (_position is not null && message.Seq > 0)
            {
                _held.Enqueue(message);
                TakeHeld();
                return;
            }
            if (_buffer.Count >= options.Buffer)
            {
                _dropped = true;
                if (_buffer.Dequeue().Message is not null)
                {
                    DroppedMessages++;
                    ClientMetrics.Dropped();
                }
            }
            Enqueue(message);
        }
    }

    /// <summary>A message without echo is about to be sent to the channel.</summary>
    public void OnPublishing(long id)
    {
        lock (_gate)
            _unechoed.OnSending(id);
    }

    /// <summary>A request was answered: perhaps one of those messages.</summary>
    /// <param name="id">Of the request.</param>
    /// <param name="position">Where the message is; null where there is no history, or when it was refused.</param>
    public void OnAnswered(long id, Position? position)
    {
        lock (_gate)
        {
            if (_unechoed.OnAnswered(id, position, _position))
                TakeHeld();
        }
    }

    /// <summary>The gateway ended it.</summary>
    public void OnUnsubscribed(ServerMessage message)
    {
        lock (_gate)
        {
            // While it is asked for, the end is that of an earlier request.
            if (_phase is not (SubscriptionPhase.Live or SubscriptionPhase.Full))
                return;
            if (message.Code == "insufficient_state" || (message.Code == "expired" && options.Token is not null))
            {
                // A full one asks when there is room.
                if (_phase == SubscriptionPhase.Live)
                    Ask();
                return;
            }
        }
        End(new GatewayException(message.Code ?? GatewayErrorCode.Closed, message.Reason ?? "the gateway ended the subscription"));
    }

    /// <summary>Subscribing was refused.</summary>
    public void OnError(ServerMessage error)
    {
        lock (_gate)
        {
            if (_phase != SubscriptionPhase.Asked || error.Id != _attempt)
                return;
            if (error.Code is GatewayErrorCode.Unavailable or GatewayErrorCode.RateLimited or GatewayErrorCode.Internal)
            {
                RetryLater(error.RetryAfter);
                return;
            }
        }
        End(new GatewayException(error.Code ?? GatewayErrorCode.Internal, error.Reason ?? "", error.RetryAfter));
    }

    public void OnPresence(ServerMessage message)
    {
        lock (_gate)
        {
            if (_phase is SubscriptionPhase.Live or SubscriptionPhase.Full)
                SetPresence(PresenceState.Apply(_presence, message));
        }
    }

    /// <summary>The state whenever it is another than the one seen before; states in between may be left out.</summary>
    /// <returns>Null when the subscription has ended.</returns>
    public async ValueTask<PresenceState?> PresenceAfterAsync(PresenceState? seen, CancellationToken cancellation)
    {
        while (true)
        {
            lock (_gate)
            {
                if (_phase == SubscriptionPhase.Ended)
                    return null;
                if (_presence is not null && !ReferenceEquals(_presence, seen))
                    return _presence;
            }
            await _presenceChanged.WaitAsync(cancellation);
        }
    }

    /// <summary>Takes what follows the position, and recovers as soon as it is certain that something is missing.</summary>
    private void TakeHeld()
    {
        if (_phase != SubscriptionPhase.Live || _position is null)
            return;
        while (true)
        {
            var last = _unechoed.Skip(_position.Value);
            if (last != _position)
                (_position, _gapSeen) = (last, null);
            if (!_held.TryPeek(out var message))
                return;
            if (message.Seq > last.Seq + 1)
            {
                _gapSeen ??= table.Time.GetTimestamp();
                if (_held.Count > options.Buffer || !_unechoed.MayExplain(last, message.Seq, _gapSeen.Value))
                    Ask();
                return;
            }
            if (message.Seq == last.Seq + 1)
            {
                if (_buffer.Count >= options.Buffer)
                {
                    _phase = SubscriptionPhase.Full;
                    LetGo();
                    return;
                }
                (_position, _gapSeen) = (last with { Seq = message.Seq }, null);
                Enqueue(message);
            }
            _held.Dequeue();
        }
    }

    private void Enqueue(ServerMessage message)
    {
        _buffer.Enqueue(new BufferedMessage(message, _position, Loss: null));
        _endsInLoss = false;
        _readable.Set();
    }

    /// <summary>What is held comes again by recovery.</summary>
    private void LetGo()
    {
        _held.Clear();
        _gapSeen = null;
    }

    private void SetPresence(PresenceState? presence)
    {
        _presence = presence;
        _presenceChanged.Set();
    }

    /// <summary>One that nobody has read yet stands for those right behind it.</summary>
    private void Lose(LossReason reason)
    {
        if (_endsInLoss)
            return;
        _endsInLoss = true;
        _buffer.Enqueue(new BufferedMessage(new MessageLoss(channel, reason)));
        _readable.Set();
    }
}
