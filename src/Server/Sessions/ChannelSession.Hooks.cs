using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Application;
using Gateway.Server.Auth;
using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Sessions;

/// <content>
/// What the application's backend is asked before the client gets its way, and told after. While it is asked, this connection's read loop
/// waits, and so its messages keep their order. Without hooks nothing of this costs more than a look at a null.
/// </content>
internal sealed partial class ChannelSession
{
    private bool _isToldOf;
    private bool _isOnline;

    private Caller Caller => new(_connection.Id, _identity.User, _connection.Lease.Address);

    /// <returns>Whether the backend lets the user in; otherwise the client is told and the connection about to close.</returns>
    private async ValueTask<bool> IsLetInAsync(string user, byte[] id)
    {
        if (_services.ApplicationFor(Interests.Connect) is not { } calls)
            return true;
        var decision = await WaitAsync(calls.ConnectAsync(Caller with { User = user }, _connection.Lease.Transport.Label()));
        if (decision.Denial is not { } denial)
            return true;
        SendError(denial, id, channel: default);
        _connection.RequestClose(CloseRequest.Denied(denial));
        return false;
    }

    /// <summary>Why the backend does not let the client subscribe; null when it does.</summary>
    private async ValueTask<ProtocolError?> SubscribeDenialAsync(ChannelName name) =>
        _services.ApplicationFor(Interests.Subscribe) is { } calls ? (await WaitAsync(calls.SubscribeAsync(Caller, name))).Denial : null;

    private async ValueTask SubscribeIfAllowedAsync(IApplication calls, ReadOnlyMemory<byte> payload)
    {
        // Whether the client is in the channel already is known when what it asked before is done.
        await TurnAsync(payload);
        if (await ChannelToAskAboutAsync(payload) is { } name && (await WaitAsync(calls.SubscribeAsync(Caller, name))).Denial is { } denial)
            Deny(payload, denial);
        else
            await InTurn(payload);
    }

    /// <summary>Null where there is nothing to ask about: the client is refused anyway, or is in the channel already.</summary>
    private ValueTask<ChannelName?> ChannelToAskAboutAsync(ReadOnlyMemory<byte> payload)
    {
        ClientMessageReader.TryRead(payload.Span, out var message, out _);
        if (NameOf(message.Channel, out _) is not { } name || (!message.HasRecover && _subscriptions.Find(name.Utf8) is not null))
            return default;
        if (ChannelRights.IsAllowed(_identity, name, ChannelOperations.Subscribe))
            return new(name);
        if (TokensFor(message, name) is not { } tokens)
            return default;
        return ChannelToAskAboutAsync(tokens, Encoding.UTF8.GetString(message.Token), name);
    }

    private async ValueTask<ChannelName?> ChannelToAskAboutAsync(TokenVerifier tokens, string token, ChannelName name) =>
        (await CheckAsync(tokens, token, name)).Problem is null ? name : null;

    private void Deny(ReadOnlyMemory<byte> payload, ProtocolError denial)
    {
        ClientMessageReader.TryRead(payload.Span, out var message, out _);
        SendError(denial, message);
    }

    private ValueTask InTurn(ReadOnlyMemory<byte> payload)
    {
        ClientMessageReader.TryRead(payload.Span, out var message, out _);
        return InTurn(message, payload);
    }

    private ValueTask PublishIfAllowed(IApplication calls, in ClientMessage message, ReadOnlyMemory<byte> payload)
    {
        // Who may not publish anyway is nothing to ask about.
        if (PublishableChannel(message, out _) is not { } name)
            return default;
        return PublishIfAllowedAsync(WaitAsync(calls.PublishAsync(Caller, name, message.Content)), payload);
    }

    private async ValueTask PublishIfAllowedAsync(ValueTask<Decision> asking, ReadOnlyMemory<byte> payload)
    {
        var decision = await asking;
        await TurnAsync(payload);
        await PublishAs(decision, payload);
        await WaitForCapacityAsync();
    }

    private ValueTask PublishAs(in Decision decision, ReadOnlyMemory<byte> payload)
    {
        ClientMessageReader.TryRead(payload.Span, out var message, out _);
        if (decision.Denial is not { } denial)
            return Publish(message, decision.Content is { } replaced ? replaced.Span : message.Content);
        SendError(denial, message);
        return default;
    }

    private async ValueTask<Decision> WaitAsync(ValueTask<Decision> asking)
    {
        // The answers to what came before do not wait with it. Not held yet: a client that does not take them is to be found out.
        await Writer.FlushAsync();
        _connection.PauseHeartbeat();
        try
        {
            return await asking;
        }
        finally
        {
            _connection.ResumeHeartbeat();
        }
    }

    private void TellConnected()
    {
        _isToldOf = true;
        _services.ApplicationFor(Interests.Connections)?.OnConnected(_connection.Id, _identity.User);
        if (_services.OnlineUsers is not { } users || _identity.IsAnonymous(_connection.Id))
            return;
        _isOnline = true;
        users.Add(_identity.User);
    }

    private void TellDisconnected(int code)
    {
        if (_isToldOf)
            _services.ApplicationFor(Interests.Connections)?.OnDisconnected(_connection.Id, _identity.User, code);
        if (_isOnline)
            _services.OnlineUsers!.Remove(_identity.User);
    }

    private void TellSubscribed(Subscription subscription)
    {
        if (_services.ApplicationFor(Interests.Subscriptions) is not { } events)
            return;
        // A gap, the clock or a new token may be ending it at the same time.
        lock (subscription)
        {
            if (subscription.Notification == NotificationState.Ended)
                return;
            subscription.Notification = NotificationState.Notified;
            events.OnSubscribed(_connection.Id, _identity.User, subscription.Channel.Name);
        }
    }

    /// <returns>Whether the user was counted in the channel's presence.</returns>
    private bool TellUnsubscribed(Subscription subscription)
    {
        lock (subscription)
        {
            if (subscription.Notification == NotificationState.Notified)
                _services.ApplicationFor(Interests.Subscriptions)?.OnUnsubscribed(_connection.Id, _identity.User, subscription.Channel.Name);
            subscription.Notification = NotificationState.Ended;
            return subscription.IsPresent;
        }
    }
}
