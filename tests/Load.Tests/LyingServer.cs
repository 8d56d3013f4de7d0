using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Gateway.Load.Tests;

/// <summary>The fault of a server at the tenth message of its only channel.</summary>
public enum Lie
{
    None,
    Lose,
    Repeat,
    Swap,
    Change,
    Hang,
}

/// <summary>A server of the plain dialect with one channel, that does one thing wrong to one subscriber.</summary>
internal sealed class LyingServer : IAsyncDisposable
{
    private const int LiesAt = 10;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<WebSocket> _subscribers = [];
    private readonly SemaphoreSlim _publishing = new(1);
    private readonly Task _accepting;
    private readonly Lie _lie;
    private string? _kept;
    private int _messages;

    public LyingServer(Lie lie)
    {
        _lie = lie;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Url => new($"ws://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stopping.Dispose();
        _publishing.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient connection)
    {
        using var client = connection;
        try
        {
            var stream = client.GetStream();
            using var socket = await UpgradeAsync(stream);
            byte[] buffer = new byte[4096];
            while (await socket.ReceiveAsync(buffer.AsMemory(), _stopping.Token) is { MessageType: WebSocketMessageType.Text } received)
                await HandleAsync(socket, Encoding.UTF8.GetString(buffer, 0, received.Count));
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, _stopping.Token);
        }
        catch (Exception end) when (end is WebSocketException or IOException or OperationCanceledException)
        {
            // The client, or the test, has ended it.
        }
    }

    private async Task<WebSocket> UpgradeAsync(NetworkStream stream)
    {
        var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        string key = "";
        while (await reader.ReadLineAsync(_stopping.Token) is { Length: > 0 } line)
        {
            if (line.StartsWith("Sec-WebSocket-Key: ", StringComparison.Ordinal))
                key = line[19..];
        }
#pragma warning disable CA5350 // RFC 6455 4.2.2 wants SHA-1.
        string accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"),
            _stopping.Token);
        return WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true });
    }

    private async Task HandleAsync(WebSocket socket, string text)
    {
        using var message = JsonDocument.Parse(text);
        await _publishing.WaitAsync(_stopping.Token);
        try
        {
            if (message.RootElement.GetProperty("type").ValueEquals("subscribe"))
            {
                _subscribers.Add(socket);
                await SendAsync(socket, $$"""{"type":"subscribed","epoch":"e","seq":{{_messages}}}""");
                return;
            }
            bool lies = ++_messages == LiesAt;
            if (lies && _lie == Lie.Hang)
                await Task.Delay(TimeSpan.FromSeconds(1), _stopping.Token);
            foreach (var subscriber in _subscribers.Skip(1))
                await SendAsync(subscriber, text);
            await SendAsync(_subscribers[0], text, lies ? _lie : Lie.None);
        }
        finally
        {
            _publishing.Release();
        }
    }

    private async Task SendAsync(WebSocket socket, string text, Lie lie)
    {
        if (lie == Lie.Swap)
            _kept = text;
        if (lie is Lie.Lose or Lie.Swap)
            return;
        await SendAsync(socket, lie == Lie.Change ? text.Replace("{id:", "{is:", StringComparison.Ordinal) : text);
        if (lie == Lie.Repeat)
            await SendAsync(socket, text);
        if (_kept is { } late)
        {
            _kept = null;
            await SendAsync(socket, late);
        }
    }

    private Task SendAsync(WebSocket socket, string text) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, _stopping.Token);
}
