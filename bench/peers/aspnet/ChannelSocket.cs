using System.Net.WebSockets;
using System.Threading.Channels;

namespace Gateway.Bench.Peers;

/// <summary>Anyone may send to it. A WebSocket with a queue, which the middleware wants: it allows one send at a time.</summary>
internal sealed class ChannelSocket(WebSocket socket, Channels channels)
{
    private readonly Channel<byte[]> _queue = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
    private readonly HashSet<string> _subscriptions = [];
    private readonly string _user = Guid.NewGuid().ToString();

    public static async Task RunAsync(HttpContext context, Channels channels)
    {
        using var webSocket = await context.WebSockets.AcceptWebSocketAsync();
        var socket = new ChannelSocket(webSocket, channels);
        var sending = socket.SendAsync();
        try
        {
            await socket.ReceiveAsync();
        }
        catch (WebSocketException)
        {
            // The client is gone.
        }
        socket.Leave();
        await sending;
    }

    public void Send(byte[] message) => _queue.Writer.TryWrite(message);

    private async Task ReceiveAsync()
    {
        var buffer = new byte[4096];
        int length = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length), default);
            if (received.MessageType == WebSocketMessageType.Close)
                return;
            length += received.Count;
            if (!received.EndOfMessage)
            {
                Array.Resize(ref buffer, 2 * buffer.Length);
                continue;
            }
            Handle(ChannelMessage.Read(buffer.AsSpan(0, length)));
            length = 0;
        }
    }

    private void Handle(ChannelMessage message)
    {
        if (message.Type == "message")
        {
            channels.Send(message.Channel, (message with { Sender = _user }).Write());
        }
        else if (message.Type == "subscribe")
        {
            if (_subscriptions.Add(message.Channel))
                channels.Add(message.Channel, this);
            Send(new ChannelMessage("subscribed", message.Channel).Write());
        }
    }

    private async Task SendAsync()
    {
        try
        {
            await foreach (var message in _queue.Reader.ReadAllAsync())
                await socket.SendAsync(message.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, default);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default);
        }
        catch (WebSocketException)
        {
            // The client is gone, as the receiving side finds too.
        }
    }

    private void Leave()
    {
        foreach (string channel in _subscriptions)
            channels.Remove(channel, this);
        _queue.Writer.Complete();
    }
}
