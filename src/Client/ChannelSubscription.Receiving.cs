using Gateway.Protocol.Messages;

namespace Gateway.Client;

/// <content>The gateway's messages about the channel. The connection's receive loop calls these methods, so none of them waits.</content>
internal sealed partial class ChannelSubscription
{
    private readonly Signal _presenceChanged = new();
    private readonly UnechoedPublishes _unechoed = new(table.Time);

    /// <summary>Messages behind a hole that this client's own messages may explain. Empty except for moments.</summary>
    private readonly Queue<ServerMessage> _held = [];

    private PresenceState? _presence;
    private long? _gapSeen;

    /// <summary>The users in the channel, as far as known. Null before the first answer and in a namespace without presence.</summary>
    public PresenceState? Presence => Volatile.Read(ref _presence);

    public void OnSubscribed(ServerMessage answer)
    {
        lock (_gate)
        {
            if (_phase != SubscriptionPhase.Requested || answer.Id != _attempt)
                return;
            _phase = SubscriptionPhase.Live;
            if (answer.Recovered is { } recovered)
                ClientMetrics.Recovered(recovered);
            if (answer.Recovered is not true)
            {
                // Without a position the request could not recover; with one, the history does not reach back far enough.
                if (_position is not null)
                    AddLoss(LossReason.Unrecoverable);
                else if (_started.Task.IsCompleted)
                    AddLoss(LossReason.Reconnected);
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

    /// <summary>Called before a message without echo is sent to the channel.</summary>
    public void OnPublishing(long id)
    {
        lock (_gate)
            _unechoed.OnSending(id);
    }

    /// <summary>Called when any request for the channel was answered; the request may have published a message without echo.</summary>
    /// <param name="id">The request's id.</param>
    /// <param name="position">The message's position. Null in a channel without history and after a refusal.</param>
    public void OnAnswered(long id, Position? position)
    {
        lock (_gate)
        {
            if (_unechoed.OnAnswered(id, position, _position))
                TakeHeld();
        }
    }

    /// <summary>Called when the gateway ended the subscription.</summary>
    public void OnUnsubscribed(ServerMessage message)
    {
        lock (_gate)
        {
            // While a request is unanswered, the message ends the subscription of an earlier request.
            if (_phase is not (SubscriptionPhase.Live or SubscriptionPhase.Full))
                return;
            if (message.Code == UnsubscribeCode.InsufficientState ||
                (message.Code == UnsubscribeCode.Expired && options.Token is not null))
            {
                // A full subscription subscribes again when its buffer has room.
                if (_phase == SubscriptionPhase.Live)
                    RequestSubscription();
                return;
            }
        }
        End(new GatewayException(message.Code ?? GatewayErrorCode.Closed, message.Reason ?? "the gateway ended the subscription"));
    }

    /// <summary>Called when the gateway refused the request to subscribe.</summary>
    public void OnError(ServerMessage error)
    {
        lock (_gate)
        {
            if (_phase != SubscriptionPhase.Requested || error.Id != _attempt)
                return;
            if (error.Code is ErrorCode.Unavailable or ErrorCode.RateLimited or ErrorCode.Internal)
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

    /// <summary>Waits until the presence differs from the state seen before. States in between may be skipped.</summary>
    /// <returns>The new state. Null when the subscription has ended.</returns>
    public async ValueTask<PresenceState?> WaitForPresenceAsync(PresenceState? seen, CancellationToken cancellation)
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
            await _presenceChanged.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Moves held messages that follow the position into the buffer, and recovers as soon as a message is certainly missing.
    /// </summary>
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
                    RequestSubscription();
                return;
            }
            if (message.Seq == last.Seq + 1)
            {
                if (_buffer.Count >= options.Buffer)
                {
                    _phase = SubscriptionPhase.Full;
                    ClearHeld();
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

    /// <summary>Forgets the held messages: recovery brings them again.</summary>
    private void ClearHeld()
    {
        _held.Clear();
        _gapSeen = null;
    }

    private void SetPresence(PresenceState? presence)
    {
        _presence = presence;
        _presenceChanged.Set();
    }

    /// <summary>
    /// Puts a loss into the buffer, unless the last entry is a loss already: one unread loss stands for those right behind it.
    /// </summary>
    private void AddLoss(LossReason reason)
    {
        if (_endsInLoss)
            return;
        _endsInLoss = true;
        _buffer.Enqueue(new BufferedMessage(new MessageLoss(channel, reason)));
        _readable.Set();
    }
}
