using System.Buffers;
using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Sessions;

namespace Gateway.Server.Dialects.Native;

/// <summary>
/// Protocol version 1 on one connection: reads each message once and gives the session what it asks for. Called by the connection, from
/// the threads that <see cref="IDialect"/> names. It answers itself, because a writer of replies would be another object of every idle
/// connection.
/// </summary>
internal sealed class NativeDialect : NativeReplies, IDialect
{
    private static readonly ProtocolError UnknownType = new(
        ErrorCode.UnknownType, "unknown type; known are auth, subscribe, unsubscribe, message, presence, history, refresh, ping");

    private readonly ChannelSession _session;

    /// <param name="connection">The client's connection.</param>
    /// <param name="identity">The client, as far as it is known.</param>
    /// <param name="services">What all sessions share.</param>
    /// <param name="initial">What a client asks for that cannot send; null for one that can.</param>
    public NativeDialect(Connection connection, Identity identity, SessionServices services, InitialSubscriptions? initial = null)
        : base(connection.Writer) =>
        _session = new ChannelSession(connection, identity, services, this, initial);

    public IClientSession Client => _session.Subscriptions;

    public ValueTask OnOpenAsync() => _session.OnOpenAsync();

    public ValueTask OnMessageAsync(FrameKind kind, ReadOnlyMemory<byte> payload)
    {
        _session.Services.Metrics.Received();
        if (TryRead(kind, payload.Span, out var message, out var error, out string? violation))
            return Do(message);
        if (violation is not null)
            _session.Connection.RequestClose(CloseRequest.NoBinaryMessage(violation));
        else
            _session.Refuse(error, message.Id, message.Channel);
        return default;
    }

    public void OnRateLimited(FrameKind kind, ReadOnlyMemory<byte> payload, long retryAfter)
    {
        // Read all the same: without its id the client would not know which message was not done.
        TryRead(kind, payload.Span, out var message, out _, out string? violation);
        if (violation is not null)
            _session.Connection.RequestClose(CloseRequest.NoBinaryMessage(violation));
        else
            _session.RefuseRate(message.Id, message.Channel, retryAfter);
    }

    public void WriteDisconnect(IBufferWriter<byte> output, CloseRequest close) =>
        ServerMessageWriter.Disconnect(output, (int)close.Status.Code, close.Status.Reason, close.Reconnect, close.RetryAfter);

    public ValueTask FinishAsync() => _session.FinishAsync();

    public ValueTask AnswerPublishesAsync() => _session.AnswerPublishesAsync();

    public void OnClosing() => _session.OnClosing();

    public long OnTick(long now) => _session.OnTick(now);

    public void OnGap(Subscription subscription) => _session.OnGap(subscription);

    public void OnPresenceDropped() => _session.Subscriptions.RestorePresence();

    public void OnClosed(int code) => _session.OnClosed(code);

    private ValueTask Do(in ClientMessage message)
    {
        switch (message.Type)
        {
            case ClientMessageType.Message:
                return message.Attachments.IsEmpty ? Publish(message, Payload.Json(message.Content)) : PublishAttached(message);
            case ClientMessageType.Ping:
                _session.Ping(message.Id);
                return default;
            case ClientMessageType.Auth:
                return _session.SignIn(Encoding.UTF8.GetString(message.Token), message.Id.ToArray());
            case ClientMessageType.Refresh:
                return _session.Refresh(Encoding.UTF8.GetString(message.Token), message.Id.ToArray());
            case ClientMessageType.Unknown:
                _session.Refuse(_session.MustSignIn ? SessionError.SignInFirst : UnknownType, message.Id, message.Channel);
                return default;
            default:
                return _session.Do(message.Channel, RequestOf(message));
        }
    }

    private ValueTask Publish(in ClientMessage message, Payload payload) =>
        _session.Publish(new PublishCommand
        {
            Channel = message.Channel,
            Payload = payload,
            Key = message.Key,
            Echo = message.Echo,
            Id = message.Id,
        });

    /// <summary>Puts the payload together in pooled memory, which the session has read when its method returns.</summary>
    private ValueTask PublishAttached(in ClientMessage message)
    {
        int header = Attachments.HeaderSize(AttachmentLengths.Count(message.Attachments));
        int attached = header + message.AttachedBytes.Length;
        int length = attached + message.Content.Length;
        byte[] bytes = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            AttachmentLengths.Read(message.Attachments, bytes);
            message.AttachedBytes.CopyTo(bytes.AsSpan(header));
            message.Content.CopyTo(bytes.AsSpan(attached));
            return Publish(message, new Payload(PayloadKind.Attachments, bytes.AsSpan(0, length)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static bool TryRead(
        FrameKind kind, ReadOnlySpan<byte> payload, out ClientMessage message, out ProtocolError error, out string? violation)
    {
        if (kind == FrameKind.Binary)
            return ClientMessageReader.TryReadBinary(payload, out message, out error, out violation);
        violation = null;
        return ClientMessageReader.TryRead(payload, out message, out error);
    }

    private static ChannelRequest RequestOf(in ClientMessage message)
    {
        byte[] id = message.Id.ToArray();
        return message.Type switch
        {
            ClientMessageType.Subscribe => new SubscribeRequest
            {
                Id = id,
                Token = message.Token.IsEmpty ? null : Encoding.UTF8.GetString(message.Token),
                Recover = message.HasRecover ? new Position(Encoding.UTF8.GetString(message.RecoverEpoch), message.RecoverSeq) : null,
            },
            ClientMessageType.Unsubscribe => new UnsubscribeRequest { Id = id },
            ClientMessageType.Presence => new PresenceRequest { Id = id },
            _ => new HistoryRequest { Id = id, After = message.After, Before = message.Before, Limit = message.Limit },
        };
    }
}
