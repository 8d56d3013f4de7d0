using System.Buffers;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Application;
using Gateway.Server.Auth;
using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <summary>
/// Used by its connection's read loop; <see cref="OnGap"/> by any thread, <see cref="OnTick"/> by the clock. Protocol version 1 on one connection: reads each
/// message, checks rights and limits, and answers. One file for each thing a client can ask.
/// </summary>
/// <remarks>
/// A request that has to wait for the backplane goes on on other threads, and its connection's other requests beside it: see <see
/// cref="PendingRequests"/>.
/// </remarks>
internal sealed partial class ChannelSession : IMessageHandler
{
    private readonly Connection _connection;
    private readonly SessionServices _services;
    private readonly ClientSubscriptions _subscriptions = new();
    private readonly InitialSubscriptions? _opening;
    private readonly long _signInBy;
    private volatile Identity _identity;
    private ChannelName? _lastName;

    /// <param name="connection">Its connection.</param>
    /// <param name="identity">Who is behind it, as far as that is known.</param>
    /// <param name="services">What all sessions share.</param>
    /// <param name="opening">What a client asks for that cannot send; null for one that can.</param>
    public ChannelSession(Connection connection, Identity identity, SessionServices services, InitialSubscriptions? opening = null)
    {
        _connection = connection;
        _identity = identity;
        _services = services;
        _opening = opening;
        _signInBy = services.Clock.Now + (long)services.Options.Auth.Timeout.TotalMilliseconds;
    }

    private ConnectionWriter Writer => _connection.Writer;

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
        if (MustSignIn && message.Type is not (ClientMessageType.Auth or ClientMessageType.Ping))
        {
            SendError(SessionError.SignInFirst, message);
            return default;
        }
        switch (message.Type)
        {
            case ClientMessageType.Ping:
                var pong = ReplyBuffer.Rent();
                ServerMessageWriter.Pong(pong, message.Id);
                Writer.Send(pong.WrittenSpan);
                return default;
            case ClientMessageType.Auth:
                return Auth(message, payload);
            case ClientMessageType.Refresh:
                return Refresh(message);
            case ClientMessageType.Message when _services.ApplicationFor(Interests.Publish) is { } calls:
                return PublishIfAllowed(calls, message, payload);
            case ClientMessageType.Subscribe when _services.ApplicationFor(Interests.Subscribe) is { } calls:
                return SubscribeIfAllowedAsync(calls, payload);
            case ClientMessageType.Message or ClientMessageType.Subscribe or ClientMessageType.Unsubscribe:
            case ClientMessageType.Presence or ClientMessageType.History:
                return InTurn(message, payload);
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

    public void WriteDisconnect(IBufferWriter<byte> output, CloseRequest close) =>
        ServerMessageWriter.Disconnect(output, (int)close.Status.Code, close.Status.Reason, close.Reconnect, close.RetryAfter);

    public void OnClosed(int code)
    {
        EndAll();
        TellDisconnected(code);
    }

    /// <summary>The channel's name, made anew only when it is neither known here nor the one this client named last.</summary>
    private ChannelName? NameOf(ReadOnlySpan<byte> channel, out string problem)
    {
        problem = "";
        // Requests that waited for their turn set it on other threads.
        if (_lastName is { } last && last.Is(channel))
            return last;
        var name = _services.Channels.Find(channel)?.Name ?? _services.Namespaces.TryName(channel, out problem);
        return name is null ? null : _lastName = name;
    }

    /// <summary>The channel's name if it is one; otherwise answers with the error.</summary>
    private ChannelName? ChannelOf(in ClientMessage message)
    {
        var name = NameOf(message.Channel, out string problem);
        if (name is null)
            SendError(SessionError.BadRequest(problem), message);
        return name;
    }

    private void SendError(ProtocolError error, in ClientMessage message) => SendError(error, message.Id, message.Channel);

    private void SendError(ProtocolError error, ReadOnlySpan<byte> id, ReadOnlySpan<byte> channel, long? retryAfter = null) =>
        Writer.Send(ErrorReply(error, id, channel, retryAfter).WrittenSpan);

    private ArrayBufferWriter<byte> ErrorReply(ProtocolError error, ReadOnlySpan<byte> id, ReadOnlySpan<byte> channel, long? retryAfter = null)
    {
        _services.Metrics.Error(error.Code);
        var reply = ReplyBuffer.Rent();
        // A name over the limit is not sent back: it may be as long as a message.
        ServerMessageWriter.Error(reply, error, id, channel.Length <= _services.Options.Limits.ChannelName ? channel : default, retryAfter);
        return reply;
    }
}
