using System.Text;
using Gateway.Auth;
using Gateway.Backplane;
using Gateway.Channels;
using Gateway.Connections;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;

namespace Gateway.Sessions;

/// <content><c>subscribe</c> and <c>unsubscribe</c>, and how a subscription ends.</content>
internal sealed partial class Session
{
    /// <summary>Protocol, <c>unsubscribed</c> sent by the server: the client subscribes again with <c>recover</c>.</summary>
    internal const string InsufficientState = "insufficient_state";

    /// <summary>The same: the subscription token has expired, and was not renewed by subscribing again.</summary>
    private const string Expired = "expired";

    /// <summary>The same: a new token does not allow the channel any more.</summary>
    private const string Forbidden = "forbidden";

    private ValueTask Subscribe(in ClientMessage message)
    {
        if (ChannelOf(message) is not { } name)
            return default;
        Position? recover = message.HasRecover ? new Position(Encoding.UTF8.GetString(message.RecoverEpoch), message.RecoverSeq) : null;
        if (ChannelRights.May(_identity, name, Rights.Subscribe))
            return SubscribeIfAllowed(Subscription.Unlimited, name, message.Id.ToArray(), recover);
        if (!message.Token.IsEmpty && ChannelRights.IsGrantable(name) && _services.Authenticator.Tokens is { } tokens)
            return SubscribeByTokenAsync(tokens, Encoding.UTF8.GetString(message.Token), name, message.Id.ToArray(), recover);
        SendError(SessionError.Forbidden, message);
        return default;
    }

    private async ValueTask SubscribeByTokenAsync(TokenVerifier tokens, string token, ChannelName name, byte[] id, Position? recover)
    {
        var (claims, problem) = await tokens.VerifySubscriptionAsync(token);
        if (problem is not null)
            SendError(SessionError.Of(problem), id, name.Utf8);
        else if (claims!.User != _identity.User)
            SendError(SessionError.NotFor(TokenProblem.AnotherUser), id, name.Utf8);
        else if (claims.Channel != name.ToString())
            SendError(SessionError.NotFor(TokenProblem.AnotherChannel), id, name.Utf8);
        else
            await SubscribeIfAllowed(claims.Expires!.Value, name, id, recover);
    }

    /// <param name="expires">When the right to it ends, in Unix seconds.</param>
    /// <param name="name">The channel, which the client may subscribe to.</param>
    /// <param name="id">To be returned.</param>
    /// <param name="recover">The last position the client knows; null if it did not ask to recover.</param>
    private ValueTask SubscribeUntil(long expires, ChannelName name, byte[] id, Position? recover)
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
            return SubscribeAsync(name, id, recover, expires);
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
        Outbox.Send(reply.WrittenSpan);
    }

    private async ValueTask SubscribeAsync(ChannelName name, byte[] id, Position? recover, long expires)
    {
        var channel = _services.Channels.Hold(name);
        var subscription = new Subscription(channel, Outbox) { IsByToken = expires != Subscription.Unlimited };
        _subscriptions.Add(subscription);
        if (!await channel.Flowing || !await TryStartAsync(subscription, id, recover))
        {
            End(subscription);
            SendError(SessionError.Unavailable, id, name.Utf8);
            return;
        }
        TellSubscribed(subscription);
        // Only now may the clock end it: giving back what is still being taken would leave some of it behind.
        _subscriptions.TryRenew(subscription, expires);
    }

    /// <summary>Joins, answers and lets messages flow.</summary>
    /// <returns>False when the backplane was out of reach before the client was answered.</returns>
    private async ValueTask<bool> TryStartAsync(Subscription subscription, byte[] id, Position? recover)
    {
        var (channel, rules) = (subscription.Channel, subscription.Channel.Name.Namespace.Rules);
        PresenceState? presence = null;
        if (rules.Presence)
        {
            if (!await _services.Backplane.JoinAsync(channel.Name, _identity.Present, _connection.Id))
                return false;
            subscription.IsPresent = true;
            if (MaySeePresence(subscription))
            {
                subscription.PresenceVersion = channel.Presence!.Version;
                presence = await PresenceAsync(channel.Name);
                if (presence is null)
                    return false;
            }
            else
            {
                subscription.PresenceVersion = Subscription.NoPresence;
            }
        }
        bool started = rules.HasHistory
            ? await TryStartWithHistoryAsync(subscription, id, recover, presence)
            : StartWithoutHistory(subscription, id, recover, presence);
        // A presence change may have passed between the snapshot and the start: then the client gets a newer snapshot.
        if (started && presence is not null && channel.SentPresenceAfter(subscription.PresenceVersion))
            await SendPresenceAsync(channel.Name, id: []);
        return started;
    }

    private static bool StartWithoutHistory(Subscription subscription, byte[] id, Position? recover, PresenceState? presence)
    {
        var reply = ReplyBuffer.Rent();
        ServerMessageWriter.Subscribed(reply, subscription.Channel.Name.Json, id, epoch: null, seq: 0, recover is null ? null : false, presence);
        return subscription.Channel.TryActivate(subscription, 0, losses: 0, reply.WrittenSpan);
    }

    /// <summary>Answers a client that is subscribed already.</summary>
    private async ValueTask ConfirmAsync(Subscription subscription, byte[] id)
    {
        var (name, rules) = (subscription.Channel.Name, subscription.Channel.Name.Namespace.Rules);
        long version = subscription.Channel.Presence?.Version ?? 0;
        var presence = rules.Presence && MaySeePresence(subscription) ? await PresenceAsync(name) : null;
        string? epoch = rules.HasHistory ? (await _services.Backplane.ReadAsync(name, HistoryQuery.PositionOnly))?.Top.Epoch : null;
        Outbox.SendAt(subscription, seq =>
        {
            var reply = ReplyBuffer.Rent();
            ServerMessageWriter.Subscribed(reply, name.Json, id, epoch, seq, recovered: null, presence);
            return reply;
        });
        if (presence is not null && subscription.Channel.SentPresenceAfter(version))
            await SendPresenceAsync(name, id: []);
    }

    /// <summary>A subscription token lets its bearer read everything in the channel.</summary>
    private bool MaySeePresence(Subscription subscription) =>
        subscription.IsByToken || ChannelRights.May(_identity, subscription.Channel.Name, Rights.Presence);

    /// <summary>Ends a subscription and gives back all it held.</summary>
    /// <returns>False when somebody else had ended it.</returns>
    private bool End(Subscription subscription, bool dropQueued = false)
    {
        if (!_subscriptions.Remove(subscription))
            return false;
        GiveBack(subscription, dropQueued);
        return true;
    }

    /// <summary>For a subscription that is no longer in the list.</summary>
    private void GiveBack(Subscription subscription, bool dropQueued)
    {
        Outbox.End(subscription, dropQueued);
        subscription.Channel.Deactivate(subscription);
        if (subscription.IsPresent)
            _ = LeaveAsync(subscription.Channel.Name);
        TellUnsubscribed(subscription);
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
        Outbox.WriteNow(Opcode.Text, message.WrittenSpan);
    }

    [LoggerMessage(20, LogLevel.Error, "Connection {Connection} could not leave a channel's presence.")]
    private static partial void LogLeaveFailed(ILogger log, Exception failure, string connection);
}
