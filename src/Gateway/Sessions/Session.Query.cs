using Gateway.Auth;
using Gateway.Backplane;
using Gateway.Channels;
using Gateway.Protocol.Messages;

namespace Gateway.Sessions;

/// <content><c>presence</c> and <c>history</c>.</content>
internal sealed partial class Session
{
    private const int DefaultHistoryLimit = 100;

    /// <summary>Content bytes of one <c>history</c> answer; <c>more</c> tells the client to ask on.</summary>
    private const int HistoryBytes = 256 * 1024;

    /// <summary>The channel's name if the client may read this of it; otherwise answers with the error.</summary>
    private ChannelName? ReadableChannel(in ClientMessage message, Rights right)
    {
        if (ChannelOf(message) is not { } name)
            return null;
        if (ChannelRights.May(_identity, name, right) || _subscriptions.Find(name.Utf8) is { IsByToken: true })
            return name;
        SendError(SessionError.Forbidden, message);
        return null;
    }

    private ValueTask ReadPresence(in ClientMessage message, long asked)
    {
        if (ReadableChannel(message, Rights.Presence) is not { } name)
            return default;
        if (name.Namespace.Rules.Presence)
            return SendPresenceAsync(name, message.Id.ToArray(), _subscriptions.Find(name.Utf8), asked);
        SendError(SessionError.NoPresence, message);
        return default;
    }

    /// <param name="channel">The channel.</param>
    /// <param name="id">To be returned; empty where nobody asked.</param>
    /// <param name="subscription">The client's own, among whose changes the snapshot has its place; null for none.</param>
    /// <param name="asked">When it was asked for.</param>
    private async ValueTask SendPresenceAsync(ChannelName channel, byte[] id, Subscription? subscription, long asked)
    {
        while (true)
        {
            long version = subscription?.Channel.Presence!.Version ?? 0;
            if (Now - asked > TurnMilliseconds || await PresenceAsync(channel) is not { } presence)
            {
                SendError(SessionError.Unavailable, id, channel.Utf8);
                return;
            }
            var reply = ReplyBuffer.Rent();
            ServerMessageWriter.PresenceSnapshot(reply, channel.Json, id, presence);
            if (subscription is null)
            {
                Outbox.Send(reply.WrittenSpan);
                return;
            }
            // Otherwise a change came after this was read and before it could be sent: an older snapshot must not follow it.
            if (subscription.Channel.TrySendSnapshot(subscription, version, reply.WrittenSpan))
                return;
            if (!subscription.Ended)
                continue;
            if (id.Length == 0)
                return;
            subscription = null;
        }
    }

    private ValueTask<PresenceState?> PresenceAsync(ChannelName channel) =>
        _services.Backplane.PresenceAsync(channel, _services.Options.Presence.MaxUsers);

    private ValueTask ReadHistory(in ClientMessage message)
    {
        if (ReadableChannel(message, Rights.History) is not { } name)
            return default;
        if (name.Namespace.Rules.HasHistory)
            return ReadHistoryAsync(name, message.Id.ToArray(), new HistoryQuery(message.After, message.Before, message.Limit ?? DefaultHistoryLimit, HistoryBytes));
        SendError(SessionError.NoHistory, message);
        return default;
    }

    private async ValueTask ReadHistoryAsync(ChannelName channel, byte[] id, HistoryQuery query)
    {
        if (await _services.Backplane.ReadAsync(channel, query) is not { } page)
        {
            SendError(SessionError.Unavailable, id, channel.Utf8);
            return;
        }
        var reply = ReplyBuffer.Rent();
        ServerMessageWriter.History(reply, channel.Json, id, page.Top.Epoch, page.Messages, page.More);
        Outbox.Send(reply.WrittenSpan);
    }
}
