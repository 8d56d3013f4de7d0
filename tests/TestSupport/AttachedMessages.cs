using System.Net.WebSockets;
using System.Text;

namespace Gateway.TestSupport;

/// <summary>Binary messages of a client.</summary>
public static class AttachedMessages
{
    public static async Task SendBytesAsync(this JsonClient client, ReadOnlyMemory<byte> message)
    {
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        await client.Socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, deadline.Token);
    }

    /// <summary>Receives the next message, which must be binary.</summary>
    public static async Task<AttachedMessage> ReceiveAttachedAsync(this JsonClient client)
    {
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        using var message = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            var received = await client.Socket.ReceiveAsync(buffer.AsMemory(), deadline.Token);
            if (received.MessageType == WebSocketMessageType.Close)
                throw new ClosedException($"closed with {client.Socket.CloseStatus} {client.Socket.CloseStatusDescription}");
            message.Write(buffer, 0, received.Count);
            if (!received.EndOfMessage)
                continue;
            return received.MessageType == WebSocketMessageType.Binary
                ? AttachedMessage.Read(message.ToArray())
                : throw new InvalidOperationException($"expected a binary message, got {Encoding.UTF8.GetString(message.ToArray())}");
        }
    }
}
