using System.Text;
using Gateway.Backplane;
using Gateway.Channels;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;

namespace Gateway.Sessions;

/// <content><c>subscribe</c> and <c>unsubscribe</c>, and how a subscription ends.</content>
internal sealed partial class Session
{
    /// <summary>Protocol, <c>unsubscribed</c> sent by the server: the client subscribes again with <c>recover</c>.</summary>
    private const string InsufficientState = "insufficient_state";

    private ValueTask Subscribe(in ClientMessage message)
    {
        if (ReadableChannel(message) is not { } name)
            return default;
        Position? recover = message.HasRecover ? new Position(Encoding.UTF8.GetString(message.RecoverEpoch), message.RecoverSeq) : null;
        if (_subscriptions.Find(name.Utf8) is { } existing)
        {
            // Asking again is harmless; asking to recover starts over from the position asked for.
            if (recover is null)
                return ConfirmAsync(existing, message.Id.ToArray());
            End(existing, dropQueued: true);
        }
        if (_subscriptions.Count >= _services.Options.Limits.ChannelsPerConnection)
        {
            SendError(SessionError.TooManyChannels(_services.Options.Limits.ChannelsPerConnection), message);
            return default;
        }
        return SubscribeAsync(name, message.Id.ToArray(), recover);
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

    private async ValueTask SubscribeAsync(ChannelName name, byte[] id, Position? recover)
    {
        var channel = _services.Channels.Hold(name);
        var subscription = new Subscription(channel, Outbox);
        _subscriptions.Add(subscription);
        if (!await channel.Flowing || !await TryStartAsync(subscription, id, recover))
        {
            End(subscription);
            SendError(SessionError.Unavailable, id, name.Utf8);
        }
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
            subscription.PresenceVersion = channel.Presence!.Version;
            presence = await PresenceAsync(channel.Name);
            if (presence is null)
                return false;
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
        var presence = rules.Presence ? await PresenceAsync(name) : null;
        string? epoch = rules.HasHistory ? (await _services.Backplane.ReadAsync(name, HistoryQuery.PositionOnly))?.Top.Epoch : null;
        Outbox.SendAt(subscription, seq =>
        {
            var reply = ReplyBuffer.Rent();
            ServerMessageWriter.Subscribed(reply, name.Json, id, epoch, seq, recovered: null, presence);
            return reply;
        });
        if (subscription.Channel.SentPresenceAfter(version))
            await SendPresenceAsync(name, id: []);
    }

    /// <summary>Ends a subscription and gives back all it held.</summary>
    /// <returns>False when somebody else had ended it.</returns>
    private bool End(Subscription subscription, bool dropQueued = false)
    {
        if (!_subscriptions.Remove(subscription))
            return false;
        Outbox.End(subscription, dropQueued);
        subscription.Channel.Deactivate(subscription);
        if (subscription.IsPresent)
            _ = LeaveAsync(subscription.Channel.Name);
        _services.Channels.Release(subscription.Channel);
        return true;
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
        var message = ReplyBuffer.Rent();
        ServerMessageWriter.Unsubscribed(message, subscription.Channel.Name.Json, id: default, InsufficientState, "messages were lost; subscribe again with recover");
        Outbox.WriteNow(Opcode.Text, message.WrittenSpan);
    }

    [LoggerMessage(20, LogLevel.Error, "Connection {Connection} could not leave a channel's presence.")]
    private static partial void LogLeaveFailed(ILogger log, Exception failure, string connection);
}
