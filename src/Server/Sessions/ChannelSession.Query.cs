using Gateway.Protocol.Messages;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <content><c>presence</c> and <c>history</c>.</content>
internal sealed partial class ChannelSession
{
    private const int DefaultHistoryLimit = 100;

    /// <summary>As changes are sent every 200 ms, the second is as good as always new enough.</summary>
    private const int MaxSnapshotReads = 3;

    /// <summary>Content bytes of one <c>history</c> answer; <c>more</c> tells the client to ask on.</summary>
    private const int HistoryBytes = 256 * 1024;

    /// <summary>The channel's name if the client may read this of it; otherwise answers with the error.</summary>
    private ChannelName? ReadableChannel(in ClientMessage message, ChannelOperations right)
    {
        if (ChannelOf(message) is not { } name)
            return null;
        if (ChannelRights.IsAllowed(_identity, name, right) || _subscriptions.Find(name.Utf8) is { IsByToken: true })
            return name;
        SendError(SessionError.Forbidden, message);
        return null;
    }

    private ValueTask ReadPresence(in ClientMessage message, long asked)
    {
        if (ReadableChannel(message, ChannelOperations.Presence) is not { } name)
            return default;
        if (name.Namespace.Rules.Presence)
            return SendPresenceAsync(name, message.Id.ToArray(), asked);
        SendError(SessionError.NoPresence, message);
        return default;
    }

    private async ValueTask SendPresenceAsync(ChannelName channel, byte[] id, long asked)
    {
        var subscription = _subscriptions.Find(channel.Utf8);
        for (int attempt = 1; ; attempt++)
        {
            if (Now - asked > TurnMilliseconds || await PresenceAsync(channel) is not { } presence)
            {
                SendError(SessionError.Unavailable, id, channel.Utf8);
                return;
            }
            // Where changes were sent after it was read and before it could be, it is read again: an older snapshot must not follow them.
            if (subscription is null)
                Send();
            else if (!subscription.Channel.TrySendSnapshot(subscription, presence, Send, last: attempt == MaxSnapshotReads))
                continue;
            return;

            void Send()
            {
                var reply = ReplyBuffer.Rent();
                ServerMessageWriter.PresenceSnapshot(reply, channel.Json, id, presence.State);
                Writer.Send(reply.WrittenSpan);
            }
        }
    }

    private ValueTask<PresenceSnapshot?> PresenceAsync(ChannelName channel) =>
        _services.Backplane.PresenceAsync(channel, _services.Options.Presence.MaxUsers);

    /// <inheritdoc/>
    public void OnPresenceDropped()
    {
        foreach (var subscription in _subscriptions.Snapshot())
        {
            if (subscription.PresenceVersion == Subscription.LostPresence)
                subscription.Channel.WantPresence();
        }
    }

    private ValueTask ReadHistory(in ClientMessage message)
    {
        if (ReadableChannel(message, ChannelOperations.History) is not { } name)
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
        Writer.Send(reply.WrittenSpan);
    }
}
