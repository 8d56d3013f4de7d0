using System.Buffers;
using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <content><c>subscribe</c> and <c>unsubscribe</c>, and how a subscription ends.</content>
internal sealed partial class ChannelSession
{
    /// <summary>Protocol, <c>unsubscribed</c> sent by the server: the client subscribes again with <c>recover</c>.</summary>
    internal const string InsufficientState = "insufficient_state";

    /// <summary>The same: the subscription token has expired, and was not renewed by subscribing again.</summary>
    private const string Expired = "expired";

    /// <summary>The same: a new token does not allow the channel any more.</summary>
    private const string Forbidden = "forbidden";

    private ValueTask Subscribe(in ClientMessage message, long asked)
    {
        if (ChannelOf(message) is not { } name)
            return default;
        var identity = _identity;
        Position? recover = message.HasRecover ? new Position(Encoding.UTF8.GetString(message.RecoverEpoch), message.RecoverSeq) : null;
        if (ChannelRights.IsAllowed(identity, name, ChannelOperations.Subscribe))
            return SubscribeUntil(Subscription.Unlimited, name, message.Id.ToArray(), recover, identity, asked);
        if (TokensFor(message, name) is { } tokens)
            return SubscribeByTokenAsync(tokens, Encoding.UTF8.GetString(message.Token), name, message.Id.ToArray(), recover, asked);
        SendError(SessionError.Forbidden, message);
        return default;
    }

    /// <summary>What the message's subscription token is checked with; null where one does not help.</summary>
    private TokenVerifier? TokensFor(in ClientMessage message, ChannelName name) =>
        !message.Token.IsEmpty && ChannelRights.IsGrantable(name) ? _services.Authenticator.Tokens : null;

    private async ValueTask SubscribeByTokenAsync(TokenVerifier tokens, string token, ChannelName name, byte[] id, Position? recover, long asked)
    {
        var (expires, problem) = await CheckAsync(tokens, token, name);
        if (problem is { } denial)
            SendError(denial, id, name.Utf8);
        else
            await SubscribeUntil(expires, name, id, recover, _identity, asked);
    }

    /// <summary>When a subscription token expires, in Unix seconds, or why it is not good for the channel.</summary>
    private async ValueTask<(long Expires, ProtocolError? Problem)> CheckAsync(TokenVerifier tokens, string token, ChannelName name)
    {
        var (claims, problem) = await tokens.VerifySubscriptionAsync(token);
        if (problem is not null)
            return (0, SessionError.Of(problem));
        if (claims!.User != _identity.User)
            return (0, SessionError.NotFor(TokenProblem.AnotherUser));
        return claims.Channel != name.ToString() ? (0, SessionError.NotFor(TokenProblem.AnotherChannel)) : (claims.Expires!.Value, null);
    }

    /// <param name="expires">When the right to it ends, in Unix seconds.</param>
    /// <param name="name">The channel, which the client may subscribe to.</param>
    /// <param name="id">To be returned.</param>
    /// <param name="recover">The last position the client knows; null if it did not ask to recover.</param>
    /// <param name="identity">Who may subscribe to it.</param>
    /// <param name="asked">When it was asked for.</param>
    private ValueTask SubscribeUntil(long expires, ChannelName name, byte[] id, Position? recover, Identity identity, long asked)
    {
        // Asking again is harmless, and renews; asking to recover starts over from the position asked for.
        if (_subscriptions.Find(name.Utf8) is { } existing)
        {
            existing.IsByToken = expires != Subscription.Unlimited;
            if (recover is null && _subscriptions.TryRenew(existing, expires))
                return ConfirmAsync(existing, id);
            End(existing, dropQueued: true);
        }
        if (_subscriptions.Count < _services.Options.Limits.ChannelsPerConnection)
            return SubscribeAsync(expires, name, id, recover, identity, asked);
        SendError(SessionError.TooManyChannels(_services.Options.Limits.ChannelsPerConnection), id, name.Utf8);
        return default;
    }

    private void Unsubscribe(in ClientMessage message)
    {
        if (_subscriptions.Find(message.Channel) is not { } subscription || !End(subscription))
        {
            SendError(SessionError.NotSubscribed, message);
            return;
        }
        var reply = ReplyBuffer.Rent();
        ServerMessageWriter.Unsubscribed(reply, subscription.Channel.Name.Json, message.Id, code: null, reason: null);
        Writer.Send(reply.WrittenSpan);
    }

    private async ValueTask SubscribeAsync(long expires, ChannelName name, byte[] id, Position? recover, Identity identity, long asked)
    {
        var channel = _services.Channels.Acquire(name);
        var subscription = new Subscription(channel, Writer) { IsByToken = expires != Subscription.Unlimited };
        if (!_subscriptions.TryAdd(subscription, _services.Options.Limits.ChannelsPerConnection))
        {
            _services.Channels.Release(channel);
            // As many were begun beside it, or the connection is over.
            if (!_subscriptions.IsClosed)
                SendError(SessionError.TooManyChannels(_services.Options.Limits.ChannelsPerConnection), id, name.Utf8);
            return;
        }
        // A refresh changes the identity and then looks at the subscriptions; this one was entered and then looks at the identity. So one
        // sees the other.
        if (!subscription.IsByToken && !ReferenceEquals(identity, _identity) && !ChannelRights.IsAllowed(_identity, name, ChannelOperations.Subscribe))
            End(subscription);
        var starting = StartAsync(subscription, id, recover);
        var start = starting.IsCompletedSuccessfully ? starting.Result : await InTimeAsync(starting.AsTask(), asked);
        if (!start.HasBegun)
        {
            Refuse(subscription, id);
            return;
        }
        TellSubscribed(subscription);
        _subscriptions.TryRenew(subscription, expires);
        if (start.Missed is { } missed)
            await CatchUpAsync(subscription, missed);
    }

    /// <summary>
    /// What has not begun by then, and is given up, gives back what it still takes when it finds that the subscription has ended.
    /// </summary>
    private async ValueTask<Start> InTimeAsync(Task<Start> starting, long asked)
    {
        try
        {
            var left = TimeSpan.FromMilliseconds(Math.Max(0, AnswerMilliseconds - (Now - asked)));
            return await starting.WaitAsync(left, _services.Time);
        }
        catch (TimeoutException)
        {
            _ = GuardAsync(new ValueTask(starting));
            return default;
        }
    }

    /// <summary>
    /// For a subscription that could not begin: the backplane was out of reach or too slow, or somebody else has ended it.
    /// </summary>
    private void Refuse(Subscription subscription, byte[] id)
    {
        bool isUnavailable = End(subscription);
        if (_subscriptions.IsClosed)
            return;
        if (!subscription.IsAnswered)
            SendError(isUnavailable ? SessionError.Unavailable : SessionError.Forbidden, id, subscription.Channel.Name.Utf8);
        else if (isUnavailable)
            TellUnsubscribed(subscription, InsufficientState, "messages were lost; subscribe again with recover");
    }

    /// <summary>How a subscription began; default when it did not.</summary>
    /// <param name="HasBegun">Whether the client was told so.</param>
    /// <param name="Missed">Where messages do not flow yet: what is to be sent before.</param>
    private readonly record struct Start(bool HasBegun, Missed? Missed = null);

    /// <summary>Joins, answers and lets messages flow, all as long as the subscription has not ended.</summary>
    private async ValueTask<Start> StartAsync(Subscription subscription, byte[] id, Position? recover)
    {
        var (channel, rules) = (subscription.Channel, subscription.Channel.Name.Namespace.Rules);
        if (!await channel.Flowing || (rules.Presence && !await TryJoinAsync(subscription)))
            return default;
        PresenceState? presence = null;
        if (rules.Presence && MaySeePresence(subscription))
        {
            if (await PresenceAsync(channel.Name) is not { } snapshot)
                return default;
            channel.ShowPresence(subscription, snapshot);
            presence = snapshot.State;
        }
        else
        {
            subscription.PresenceVersion = Subscription.NoPresence;
        }
        if (rules.HasHistory)
            return await StartWithHistoryAsync(subscription, id, recover, presence);
        bool? recovered = recover is null ? null : false;
        return new Start(channel.TryActivate(
            subscription, default, generation: 0, position => Subscribed(subscription, id, position, recovered, presence)));
    }

    private async ValueTask<bool> TryJoinAsync(Subscription subscription)
    {
        if (!await _services.Backplane.JoinAsync(subscription.Channel.Name, _identity.Present, _connection.Id))
            return false;
        lock (subscription)
        {
            // Whoever ended it meanwhile did not know that there would be something to leave.
            subscription.IsPresent = subscription.Notification != NotificationState.Ended;
        }
        if (!subscription.IsPresent)
            await LeaveAsync(subscription.Channel.Name);
        return subscription.IsPresent;
    }

    private ArrayBufferWriter<byte> Subscribed(Subscription subscription, byte[] id, Position position, bool? recovered, PresenceState? presence)
    {
        // A new token may have taken the right since it was read.
        if (presence is not null && !MaySeePresence(subscription))
        {
            presence = null;
            subscription.Channel.HidePresence(subscription);
        }
        var reply = ReplyBuffer.Rent();
        ServerMessageWriter.Subscribed(reply, subscription.Channel.Name.Json, id, position.Epoch, position.Seq, recovered, presence);
        return reply;
    }

    /// <summary>Answers a client that is subscribed already.</summary>
    private async ValueTask ConfirmAsync(Subscription subscription, byte[] id)
    {
        var (channel, name, rules) = (subscription.Channel, subscription.Channel.Name, subscription.Channel.Name.Namespace.Rules);
        // Both at once: the answer is not to take longer than one of them.
        bool reads = rules.HasHistory && channel.Epoch is null;
        var reading = reads ? _services.Backplane.ReadAsync(name, HistoryQuery.PositionOnly).AsTask() : null;
        var presence = rules.Presence && MaySeePresence(subscription) ? await PresenceAsync(name) : null;
        string? epoch = reading is null ? channel.Epoch : (await reading)?.Top.Epoch;
        bool isSent = false;
        if (presence is null)
            Send();
        else
            channel.TrySendSnapshot(subscription, presence, Send, last: true);
        if (!isSent)
            SendError(SessionError.Forbidden, id, name.Utf8);

        void Send() => isSent = Writer.TrySendAt(subscription, seq =>
        {
            var reply = ReplyBuffer.Rent();
            ServerMessageWriter.Subscribed(reply, name.Json, id, epoch, seq, recovered: null, presence?.State);
            return reply;
        });
    }

    /// <summary>A subscription token lets its bearer read everything in the channel.</summary>
    private bool MaySeePresence(Subscription subscription) =>
        subscription.IsByToken || ChannelRights.IsAllowed(_identity, subscription.Channel.Name, ChannelOperations.Presence);

    /// <summary>Ends a subscription and gives back all it held.</summary>
    /// <returns>False when somebody else had ended it.</returns>
    private bool End(Subscription subscription, bool dropQueued = false)
    {
        if (!_subscriptions.Remove(subscription))
            return false;
        GiveBack(subscription, dropQueued);
        return true;
    }

    /// <summary>Ends every subscription and lets none begin.</summary>
    private void EndAll()
    {
        foreach (var subscription in _subscriptions.Close())
            GiveBack(subscription, dropQueued: false);
    }

    /// <summary>For a subscription that is no longer in the list.</summary>
    private void GiveBack(Subscription subscription, bool dropQueued)
    {
        Writer.End(subscription, dropQueued);
        subscription.Channel.Deactivate(subscription);
        if (TellUnsubscribed(subscription))
            _ = LeaveAsync(subscription.Channel.Name);
        _services.Channels.Release(subscription.Channel);
    }

    private async Task LeaveAsync(ChannelName channel)
    {
        try
        {
            await _services.Backplane.LeaveAsync(channel, _identity.User, _connection.Id);
        }
        catch (Exception failure)
        {
            LogLeaveFailed(_services.Log, failure, _connection.Id);
        }
    }

    /// <inheritdoc/>
    public void OnGap(Subscription subscription)
    {
        if (!End(subscription, dropQueued: true))
            return;
        TellUnsubscribed(subscription, InsufficientState, "messages were lost; subscribe again with recover");
        // Who cannot send recovers by coming back.
        if (_opening is not null)
            _connection.RequestClose(CloseRequest.MessagesLost);
    }

    private void TellUnsubscribed(Subscription subscription, string code, string reason)
    {
        var message = ReplyBuffer.Rent();
        ServerMessageWriter.Unsubscribed(message, subscription.Channel.Name.Json, id: default, code, reason);
        Writer.SendNow(message.WrittenSpan);
    }

    [LoggerMessage(20, LogLevel.Error, "Connection {Connection} could not leave a channel's presence.")]
    private static partial void LogLeaveFailed(ILogger log, Exception failure, string connection);
}
