using System.Net.WebSockets;
using System.Text.Json;

namespace Gateway.Client;

/// <content>The receive loop, and to whom it gives what.</content>
internal sealed partial class Connection
{
    /// <summary>Far beyond the gateway's largest, a page of history; a peer that sends more is none.</summary>
    private const int MaxReceivedBytes = 16 * 1024 * 1024;

    private byte[] _buffer = new byte[4096];
    private ServerMessage? _farewell;

    private async Task<ConnectionEnd?> ReceiveWelcomeAsync(CancellationToken cancellation)
    {
        try
        {
            while (await ReceiveAsync(cancellation) is { } message)
            {
                if (message.Type == "disconnect")
                    _farewell = message;
                if (message.Type != "connected")
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
            while (await ReceiveAsync(CancellationToken.None) is { } message)
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
            return Said ?? ConnectionEnd.Lost(_deathCause ?? "the connection was lost", e);
        }
    }

    /// <summary>What the gateway announced before the connection broke; null if nothing.</summary>
    private ConnectionEnd? Said => _farewell is { CloseCode: { } code } ? ConnectionEnd.Closed(code, _farewell.Reason, _farewell) : null;

    private ConnectionEnd Closed() => ConnectionEnd.Closed((int?)_socket.CloseStatus ?? _farewell?.CloseCode ?? 1005, _socket.CloseStatusDescription, _farewell);

    /// <returns>Null when the gateway closed the connection.</returns>
    private async ValueTask<ServerMessage?> ReceiveAsync(CancellationToken cancellation)
    {
        int length = 0;
        while (true)
        {
            var received = await _socket.ReceiveAsync(_buffer.AsMemory(length), cancellation);
            Volatile.Write(ref _heardAt, Time.GetTimestamp());
            if (received.MessageType == WebSocketMessageType.Close)
                return null;
            length += received.Count;
            if (received.EndOfMessage)
                return ServerMessage.Read(_buffer.AsSpan(0, length));
            if (length == MaxReceivedBytes)
                throw new JsonException($"a message of more than {MaxReceivedBytes} bytes");
            if (length == _buffer.Length)
                Array.Resize(ref _buffer, Math.Min(2 * length, MaxReceivedBytes));
        }
    }

    private void Handle(ServerMessage message)
    {
        var subscription = _services.Subscriptions.Find(message.Channel);
        // Where nobody knows whether it was published, the same message is sent again.
        if (message is { Type: "ack" or "error", Id: { } id, Code: not GatewayErrorCode.Unconfirmed })
            subscription?.OnAnswered(id, message.Type == "ack" ? message.Position : null);
        switch (message.Type)
        {
            case "message":
                ClientMetrics.Received();
                subscription?.OnMessage(message);
                break;
            case "ack" or "history" or "presence" when message.Id is not null:
                Settle(message);
                break;
            case "presence":
                subscription?.OnPresence(message);
                break;
            case "subscribed":
                subscription?.OnSubscribed(message);
                break;
            case "unsubscribed" when message.Id is null:
                subscription?.OnUnsubscribed(message);
                break;
            case "connected":
                OnConnected(message);
                break;
            case "refreshed":
                OnRefreshed(message);
                break;
            case "disconnect":
                _farewell = message;
                break;
            case "error":
                OnError(message, subscription);
                break;
        }
    }

    private void OnError(ServerMessage error, ChannelSubscription? subscription)
    {
        if (Settle(error) || IsOfRefresh(error))
            return;
        // Without an id it is what a token's expiry is announced with, or the answer to a request of nobody's.
        if (error is { Id: null, Channel: null, Code: GatewayErrorCode.Unauthorized })
            RefreshSoon();
        else if (subscription is not null)
            subscription.OnError(error);
        else if (error.Code != "not_subscribed")
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
