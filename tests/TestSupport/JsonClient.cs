using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Gateway.TestSupport;

/// <summary>
/// A client of protocol version 1 on the platform's own <see cref="ClientWebSocket"/>, which nobody here wrote. For one thread.
/// </summary>
public sealed class JsonClient : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[16 * 1024];

    public ClientWebSocket Socket => _socket;

    /// <summary>The <c>connected</c> message.</summary>
    public JsonElement Connected { get; private set; }

    public string ConnectionId => Connected.GetProperty("connection").GetString()!;

    public string User => Connected.GetProperty("user").GetString()!;

    public static Task<JsonClient> ConnectAsync(GatewayServer server, string query = "") =>
        ConnectAsync(new Uri(server.WebSocketUri + query));

    public static async Task<JsonClient> ConnectAsync(Uri uri, Action<ClientWebSocketOptions>? configure = null)
    {
        var client = await OpenAsync(uri, configure);
        client.Connected = await client.ReceiveAsync("connected");
        return client;
    }

    /// <summary>Opens a connection that may still have to sign in, without waiting for <c>connected</c>.</summary>
    public static async Task<JsonClient> OpenAsync(Uri uri, Action<ClientWebSocketOptions>? configure = null)
    {
        var client = new JsonClient();
        client._socket.Options.AddSubProtocol("gateway.v1.json");
        // A test's certificate is its own; that it is the right one is for tests of it to say.
        if (uri.Scheme == "wss")
            client._socket.Options.RemoteCertificateValidationCallback =
                static (_, certificate, _, _) => certificate?.Subject == "CN=localhost";
        configure?.Invoke(client._socket.Options);
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        await client._socket.ConnectAsync(uri, deadline.Token);
        return client;
    }

    /// <summary>Opens a connection with an HTTP client, which brings its cookies, certificates and address.</summary>
    public static async Task<JsonClient> ConnectAsync(Uri uri, HttpMessageInvoker http, Action<ClientWebSocketOptions>? configure)
    {
        var client = new JsonClient();
        client._socket.Options.AddSubProtocol("gateway.v1.json");
        configure?.Invoke(client._socket.Options);
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        await client._socket.ConnectAsync(uri, http, deadline.Token);
        client.Connected = await client.ReceiveAsync("connected");
        return client;
    }

    public async Task SendAsync(string json)
    {
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        await _socket.SendAsync(Encoding.UTF8.GetBytes(json), WebSocketMessageType.Text, endOfMessage: true, deadline.Token);
    }

    /// <summary>Receives the next message as text. Null when the connection was closed.</summary>
    public async Task<string?> ReceiveTextAsync()
    {
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        using var message = new MemoryStream();
        while (true)
        {
            var received = await _socket.ReceiveAsync(_buffer.AsMemory(), deadline.Token);
            if (received.MessageType == WebSocketMessageType.Close)
                return null;
            message.Write(_buffer, 0, received.Count);
            if (received.EndOfMessage)
                return Encoding.UTF8.GetString(message.ToArray());
        }
    }

    /// <summary>Receives the next message of any type.</summary>
    public async Task<JsonElement> ReceiveAsync()
    {
        string text = await ReceiveTextAsync()
            ?? throw new ClosedException($"closed with {_socket.CloseStatus} {_socket.CloseStatusDescription}");
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>Receives the next message, which must be of this type.</summary>
    public async Task<JsonElement> ReceiveAsync(string type)
    {
        var message = await ReceiveAsync();
        return message.GetProperty("type").GetString() == type
            ? message
            : throw new InvalidOperationException($"expected {type}, got {message}");
    }

    /// <summary>Sends a message, and receives the next one, which must be of this type.</summary>
    public async Task<JsonElement> AskAsync(string json, string type)
    {
        await SendAsync(json);
        return await ReceiveAsync(type);
    }

    public Task<JsonElement> SubscribeAsync(string channel) => AskAsync($$"""{"type":"subscribe","channel":"{{channel}}"}""", "subscribed");

    public async ValueTask DisposeAsync()
    {
        if (_socket.State == WebSocketState.Open)
        {
            using var deadline = new CancellationTokenSource(Eventually.Limit);
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, deadline.Token);
        }
        _socket.Dispose();
    }
}
