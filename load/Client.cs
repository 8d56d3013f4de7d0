using System.Net.WebSockets;
using System.Text;

namespace Gateway.Load;

/// <summary>Used by one reader and one writer. A WebSocket whose early end, for whatever reason, is an error.</summary>
internal sealed class Client : IDisposable
{
    private readonly ClientWebSocket _socket = new();
    private byte[] _buffer = new byte[1024];

    public static async Task<Client> ConnectAsync(Uri url, CancellationToken cancellation)
    {
        var client = new Client();
        try
        {
            await client._socket.ConnectAsync(url, cancellation);
            return client;
        }
        catch (WebSocketException failure)
        {
            client.Dispose();
            throw new LoadException($"cannot connect: {failure.Message}");
        }
    }

    /// <summary>Connects as many clients, some at a time, so that the gateway's backlog is not what is measured.</summary>
    public static async Task<Client[]> ConnectAllAsync(Uri url, int count, CancellationToken cancellation)
    {
        var clients = new Client[count];
        try
        {
            var some = new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = cancellation };
            await Parallel.ForAsync(0, count, some, async (i, token) => clients[i] = await ConnectAsync(url, token));
            return clients;
        }
        catch
        {
            foreach (var client in clients)
                client?.Dispose();
            throw;
        }
    }

    public Task SendAsync(string text, CancellationToken cancellation) => SendAsync(Encoding.UTF8.GetBytes(text), cancellation);

    public async Task SendAsync(ReadOnlyMemory<byte> text, CancellationToken cancellation)
    {
        try
        {
            await _socket.SendAsync(text, WebSocketMessageType.Text, endOfMessage: true, cancellation);
        }
        catch (WebSocketException failure)
        {
            throw new LoadException($"closed early: {failure.Message}");
        }
    }

    /// <summary>The next whole message, valid until the next call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken cancellation)
    {
        int length = 0;
        while (true)
        {
            var received = await ReceiveAsync(_buffer.AsMemory(length), cancellation);
            if (received.MessageType == WebSocketMessageType.Close)
                throw new LoadException($"closed early: {(int?)_socket.CloseStatus} {_socket.CloseStatusDescription}");
            length += received.Count;
            if (received.EndOfMessage)
                return _buffer.AsMemory(0, length);
            if (length == _buffer.Length)
                Array.Resize(ref _buffer, 2 * length);
        }
    }

    /// <summary>Says goodbye and waits for the answer; messages still under way are dropped.</summary>
    public async Task CloseAsync(CancellationToken cancellation)
    {
        try
        {
            if (_socket.State == WebSocketState.Open)
                await _socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellation);
        }
        catch (WebSocketException)
        {
            // What had to arrive has arrived; how the end came does not matter any more.
        }
    }

    public void Dispose() => _socket.Dispose();

    private async ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        try
        {
            return await _socket.ReceiveAsync(buffer, cancellation);
        }
        catch (WebSocketException failure)
        {
            throw new LoadException($"closed early: {failure.Message}");
        }
    }
}
