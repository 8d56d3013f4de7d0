namespace Gateway.Client;

/// <content>What the gateway says of the channel. The connection's receive loop calls, so nothing here waits.</content>
internal sealed partial class ChannelSubscription
{
    private readonly Signal _presenceChanged = new();
    private PresenceState? _presence;

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
            if (_position is { } last && message.Seq > 0)
            {
                if (message.Seq <= last.Seq)
                    return;
                if (message.Seq != last.Seq + 1)
                {
                    Ask();
                    return;
                }
                if (_buffer.Count >= options.Buffer)
                {
                    _phase = SubscriptionPhase.Full;
                    return;
                }
                _position = last with { Seq = message.Seq };
            }
            else if (_buffer.Count >= options.Buffer)
            {
                _dropped = true;
                if (_buffer.Dequeue().Message is not null)
                {
                    DroppedMessages++;
                    ClientMetrics.Dropped();
                }
            }
            _buffer.Enqueue(new BufferedMessage(message, _position, Loss: null));
            _endsInLoss = false;
        }
        _readable.Set();
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
