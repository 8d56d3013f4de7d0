using System.Net.WebSockets;
using System.Text.Json;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;

namespace Gateway.Client;

/// <content>The receive loop, which hands each message to the part of the client that it concerns.</content>
internal sealed partial class Connection
{
    /// <summary>Far beyond the gateway's largest message, a page of history. A peer that sends more is not a gateway.</summary>
    private const int MaxReceivedBytes = 16 * 1024 * 1024;

    private byte[] _buffer = new byte[4096];
    private ServerMessage? _disconnect;

    private async Task<ConnectionEnd?> ReceiveWelcomeAsync(CancellationToken cancellation)
    {
        try
        {
            while (await ReceiveAsync(cancellation).ConfigureAwait(false) is { } message)
            {
                if (message.Type == ServerMessageType.Disconnect)
                    _disconnect = message;
                if (message.Type != ServerMessageType.Connected)
                    continue;
                OnConnected(message);
                return null;
            }
            return Closed();
        }
        catch (JsonException e)
        {
            return ConnectionEnd.Lost("what answered does not speak the protocol", e);
        }
    }

    private async Task<ConnectionEnd> ReceiveAllAsync()
    {
        try
        {
            while (await ReceiveAsync(CancellationToken.None).ConfigureAwait(false) is { } message)
                Handle(message);
            return Closed();
        }
        catch (JsonException e)
        {
            _socket.Abort();
            return ConnectionEnd.Lost("a message could not be understood", e);
        }
        catch (Exception e) when (IsLoss(e))
        {
            return AnnouncedEnd ?? ConnectionEnd.Lost(_abortReason ?? "the connection was lost", e);
        }
    }

    /// <summary>The end that the gateway's <c>disconnect</c> announced before the connection broke. Null without such a message.</summary>
    private ConnectionEnd? AnnouncedEnd =>
        _disconnect is { CloseCode: { } code } ? ConnectionEnd.Closed(code, _disconnect.Reason, _disconnect) : null;

    private ConnectionEnd Closed()
    {
        int code = (int?)_socket.CloseStatus ?? _disconnect?.CloseCode ?? (int)CloseCode.NoStatus;
        return ConnectionEnd.Closed(code, _socket.CloseStatusDescription, _disconnect);
    }

    /// <returns>Null when the gateway closed the connection.</returns>
    private async ValueTask<ServerMessage?> ReceiveAsync(CancellationToken cancellation)
    {
        int length = 0;
        while (true)
        {
            var received = await _socket.ReceiveAsync(_buffer.AsMemory(length), cancellation).ConfigureAwait(false);
            Volatile.Write(ref _receivedAt, Time.GetTimestamp());
            if (received.MessageType == WebSocketMessageType.Close)
                return null;
            length += received.Count;
            if (received.EndOfMessage)
                return received.MessageType == WebSocketMessageType.Binary
                    ? ServerMessage.ReadBinary(_buffer.AsSpan(0, length))
                    : ServerMessage.Read(_buffer.AsSpan(0, length));
            if (length == MaxReceivedBytes)
                throw new JsonException($"a message of more than {MaxReceivedBytes} bytes");
            if (length == _buffer.Length)
                Array.Resize(ref _buffer, Math.Min(2 * length, MaxReceivedBytes));
        }
    }

    private void Handle(ServerMessage message)
    {
        var subscription = _services.Subscriptions.Find(message.Channel);
        // After an unconfirmed publish the same message is sent again, so its position is still to come.
        if (message is { Type: ServerMessageType.Ack or ServerMessageType.Error, Id: { } id, Code: not ErrorCode.Unconfirmed })
            subscription?.OnAnswered(id, message.Type == ServerMessageType.Ack ? message.Position : null);
        switch (message.Type)
        {
            case ServerMessageType.Message:
                ClientMetrics.Received();
                subscription?.OnMessage(message);
                break;
            case ServerMessageType.Ack or ServerMessageType.History or ServerMessageType.Presence when message.Id is not null:
                Settle(message);
                break;
            case ServerMessageType.Presence:
                subscription?.OnPresence(message);
                break;
            case ServerMessageType.Subscribed:
                subscription?.OnSubscribed(message);
                break;
            case ServerMessageType.Unsubscribed when message.Id is null:
                subscription?.OnUnsubscribed(message);
                break;
            case ServerMessageType.Connected:
                OnConnected(message);
                break;
            case ServerMessageType.Refreshed:
                OnRefreshed(message);
                break;
            case ServerMessageType.Disconnect:
                _disconnect = message;
                break;
            case ServerMessageType.Error:
                OnError(message, subscription);
                break;
        }
    }

    private void OnError(ServerMessage error, ChannelSubscription? subscription)
    {
        if (Settle(error) || IsOfRefresh(error))
            return;
        // An error without an id announces that the token expires. With one it may answer a request that was canceled.
        if (error is { Id: null, Channel: null, Code: ErrorCode.Unauthorized })
            RefreshSoon();
        else if (subscription is not null)
            subscription.OnError(error);
        else if (error.Code != ErrorCode.NotSubscribed)
            ClientLog.Problem(_services.Log, error.Code, error.Channel, error.Reason);
    }

    private bool Settle(ServerMessage answer)
    {
        if (!_services.Requests.TrySettle(answer))
            return false;
        Wake();
        return true;
    }
}
