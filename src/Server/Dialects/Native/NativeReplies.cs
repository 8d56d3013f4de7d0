using System.Buffers;
using Gateway.Protocol.Messages;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Naming;
using Gateway.Server.Sessions;

namespace Gateway.Server.Dialects.Native;

/// <summary>
/// Writes a session's replies as the JSON of protocol version 1. Safe for any thread. Each reply is put together in its thread's buffer and
/// leaves through <see cref="IReplyOutlet.Send"/>, with the facts that a stream has to know of it.
/// </summary>
internal class NativeReplies(IReplyOutlet outlet) : IClientReplies
{
    public void Connected(ConnectionId connection, Identity identity, string node, TimeSpan ping)
    {
        var json = ReplyBuffer.Rent();
        ServerMessageWriter.Connected(
            json, connection.ToString(), identity.User, node, (long)ping.TotalMilliseconds, identity.Expires, identity.Subscriptions);
        Send(MessageType.Connected, json);
    }

    public bool Subscribed(Subscription subscription, ReadOnlySpan<byte> id, Position position, bool? recovered, PresenceState? presence)
    {
        var channel = subscription.Channel.Name;
        var json = ReplyBuffer.Rent();
        ServerMessageWriter.Subscribed(json, channel.Json, id, position.Epoch, position.Seq, recovered, presence);
        // To a client that recovers, what it missed is still to come: until then its position is the one it had.
        var change = recovered == true ? PositionChange.None : position.Epoch is null ? PositionChange.Remove : PositionChange.Set;
        return outlet.Send(new Reply
        {
            Type = MessageType.Subscribed,
            Message = json.WrittenSpan,
            Subscription = subscription,
            Change = change,
            Channel = channel,
            Position = position,
            StaysPlain = StaysPlain(channel),
        });
    }

    public void Unsubscribed(ChannelName channel, ReadOnlySpan<byte> id)
    {
        var json = ReplyBuffer.Rent();
        ServerMessageWriter.Unsubscribed(json, channel.Json, id, code: null, reason: null);
        SendUnsubscribed(channel, json, PositionChange.Remove, SendTiming.WithFlush);
    }

    public void Unsubscribed(ChannelName channel, UnsubscribeReason reason)
    {
        var json = ReplyBuffer.Rent();
        ServerMessageWriter.Unsubscribed(json, channel.Json, id: default, reason.Code, reason.Message);
        SendUnsubscribed(channel, json, reason.KeepsPosition ? PositionChange.None : PositionChange.Remove, SendTiming.Now);
    }

    public bool Recovered(Subscription subscription, in PublishedMessage message) =>
        outlet.SendMessage(subscription, new Publication
        {
            Payload = message.Payload,
            Sender = message.Sender,
            Seq = message.Seq,
            Time = message.Time,
        });

    public void Published(ChannelName channel, ReadOnlySpan<byte> id, Position? position, SendTiming timing)
    {
        var json = ReplyBuffer.Rent();
        ServerMessageWriter.Ack(json, id, channel.Json, position?.Epoch, position?.Seq ?? 0);
        Send(MessageType.Ack, json, timing);
    }

    public void Presence(ChannelName channel, ReadOnlySpan<byte> id, PresenceState presence)
    {
        var json = ReplyBuffer.Rent();
        ServerMessageWriter.PresenceSnapshot(json, channel.Json, id, presence);
        Send(MessageType.Presence, json, channel);
    }

    public void History(ChannelName channel, ReadOnlySpan<byte> id, HistoryPage page)
    {
        var json = ReplyBuffer.Rent();
        ServerMessageWriter.History(json, channel.Json, id, page.Top.Epoch, page.Messages, page.More);
        Send(MessageType.History, json, channel);
    }

    public void Refreshed(ReadOnlySpan<byte> id, long? expires)
    {
        var json = ReplyBuffer.Rent();
        ServerMessageWriter.Refreshed(json, id, expires);
        Send(MessageType.Refreshed, json);
    }

    public void Pong(ReadOnlySpan<byte> id)
    {
        var json = ReplyBuffer.Rent();
        ServerMessageWriter.Pong(json, id);
        Send(MessageType.Pong, json);
    }

    public void Error(ProtocolError error, ReadOnlySpan<byte> id, ReadOnlySpan<byte> channel, long? retryAfter, SendTiming timing)
    {
        var json = ReplyBuffer.Rent();
        ServerMessageWriter.Error(json, error, id, channel, retryAfter);
        Send(MessageType.Error, json, timing, retryAfter);
    }

    private void SendUnsubscribed(ChannelName channel, ArrayBufferWriter<byte> json, PositionChange change, SendTiming timing) =>
        outlet.Send(new Reply
        {
            Type = MessageType.Unsubscribed,
            Message = json.WrittenSpan,
            Timing = timing,
            Change = change,
            Channel = channel,
        });

    /// <summary>Whether what the channel holds, its messages and its users, must not be compressed.</summary>
    private static bool StaysPlain(ChannelName channel) => !channel.Namespace.Rules.Compress;

    private void Send(ReadOnlySpan<byte> type, ArrayBufferWriter<byte> json, ChannelName channel) =>
        outlet.Send(new Reply { Type = type, Message = json.WrittenSpan, StaysPlain = StaysPlain(channel) });

    private void Send(
        ReadOnlySpan<byte> type, ArrayBufferWriter<byte> json, SendTiming timing = SendTiming.WithFlush, long? retryAfter = null) =>
        outlet.Send(new Reply { Type = type, Message = json.WrittenSpan, Timing = timing, RetryAfter = retryAfter });
}
