using System.Buffers;
using Gateway.Auth;
using Gateway.Channels;
using Gateway.Connections;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;

namespace Gateway.Sessions;

/// <summary>
/// Used by its connection's read loop; <see cref="OnGap"/> by any thread. Protocol version 1 on one connection: reads each
/// message, checks rights and limits, and answers. One file for each thing a client can ask.
/// </summary>
internal sealed partial class Session : IMessageHandler
{
    private readonly Connection _connection;
    private readonly Identity _identity;
    private readonly SessionServices _services;
    private readonly SubscriptionList _subscriptions = new();
    private ChannelName? _lastName;

    public Session(Connection connection, Identity identity, SessionServices services)
    {
        _connection = connection;
        _identity = identity;
        _services = services;
    }

    private Outbox Outbox => _connection.Outbox;

    public void OnOpen()
    {
        var reply = ReplyBuffer.Rent();
        ServerMessageWriter.Connected(reply, _connection.Id, _identity.User, _services.Options.Node, (long)_services.Options.Heartbeat.Ping.TotalMilliseconds);
        Outbox.Send(reply.WrittenSpan);
    }

    public ValueTask OnMessageAsync(FrameKind kind, ReadOnlyMemory<byte> payload)
    {
        if (kind == FrameKind.Binary)
        {
            _connection.RequestClose(CloseRequest.BinaryRefused);
            return default;
        }
        _services.Metrics.Received();
        if (!ClientMessageReader.TryRead(payload.Span, out var message, out var error))
        {
            SendError(error, message);
            return default;
        }
        switch (message.Type)
        {
            case ClientMessageType.Message:
                return Publish(message);
            case ClientMessageType.Subscribe:
                return Subscribe(message);
            case ClientMessageType.Unsubscribe:
                Unsubscribe(message);
                return default;
            case ClientMessageType.Presence:
                return ReadPresence(message);
            case ClientMessageType.History:
                return ReadHistory(message);
            case ClientMessageType.Ping:
                var pong = ReplyBuffer.Rent();
                ServerMessageWriter.Pong(pong, message.Id);
                Outbox.Send(pong.WrittenSpan);
                return default;
            case ClientMessageType.Auth or ClientMessageType.Refresh:
                SendError(SessionError.NoTokens, message);
                return default;
            default:
                SendError(SessionError.UnknownType, message);
                return default;
        }
    }

    public void OnRateLimited(FrameKind kind, ReadOnlyMemory<byte> payload, long retryAfter)
    {
        if (kind == FrameKind.Binary)
        {
            _connection.RequestClose(CloseRequest.BinaryRefused);
            return;
        }
        // Read all the same: without its id the client would not know which message was not done.
        ClientMessageReader.TryRead(payload.Span, out var message, out _);
        SendError(SessionError.RateLimited, message.Id, message.Channel, retryAfter);
    }

    public void WriteFarewell(IBufferWriter<byte> output, CloseRequest close) =>
        ServerMessageWriter.Disconnect(output, (int)close.Status.Code, close.Status.Reason, close.Reconnect, close.RetryAfter);

    public void OnClosed()
    {
        foreach (var subscription in _subscriptions.Snapshot())
            End(subscription);
    }

    /// <summary>The channel's name, made anew only when it is neither known here nor the one this client named last.</summary>
    private ChannelName? NameOf(ReadOnlySpan<byte> channel, out string problem)
    {
        problem = "";
        if (_lastName is not null && _lastName.Is(channel))
            return _lastName;
        var name = _services.Channels.Find(channel)?.Name ?? _services.Namespaces.TryName(channel, out problem);
        return name is null ? null : _lastName = name;
    }

    /// <summary>The channel's name if the client may subscribe to it; otherwise answers with the error.</summary>
    private ChannelName? ReadableChannel(in ClientMessage message)
    {
        if (NameOf(message.Channel, out string problem) is not { } name)
        {
            SendError(SessionError.BadRequest(problem), message);
            return null;
        }
        if (ChannelRights.MaySubscribe(_identity, name))
            return name;
        SendError(SessionError.Forbidden, message);
        return null;
    }

    private void SendError(ProtocolError error, in ClientMessage message) => SendError(error, message.Id, message.Channel);

    private void SendError(ProtocolError error, ReadOnlySpan<byte> id, ReadOnlySpan<byte> channel, long? retryAfter = null)
    {
        _services.Metrics.Error(error.Code);
        var reply = ReplyBuffer.Rent();
        // A name over the limit is not sent back: it may be as long as a message.
        ServerMessageWriter.Error(reply, error, id, channel.Length <= _services.Options.Limits.ChannelName ? channel : default, retryAfter);
        Outbox.Send(reply.WrittenSpan);
    }
}
