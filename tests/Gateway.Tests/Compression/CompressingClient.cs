using System.Text;
using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Compression;

/// <summary>
/// A client that has offered permessage-deflate, on a <see cref="RawWebSocket"/>: a test sees which frames are compressed. For one thread.
/// </summary>
internal sealed class CompressingClient : IAsyncDisposable
{
    public const string Offer = "permessage-deflate; client_max_window_bits";

    private CompressingClient(RawWebSocket socket, string head)
    {
        Socket = socket;
        Extensions = HttpReply.Parse(head)["Sec-WebSocket-Extensions"];
    }

    public RawWebSocket Socket { get; }

    /// <summary>What the gateway has answered; null where it declined.</summary>
    public string? Extensions { get; }

    /// <summary>Connects to <c>/ws</c>, and takes the <c>connected</c> message.</summary>
    /// <param name="port">The gateway's public port.</param>
    /// <param name="offer">The header's value; null for a client that does not compress.</param>
    public static async Task<CompressingClient> ConnectAsync(int port, string? offer = Offer)
    {
        var client = await OpenAsync(port, "/ws", offer);
        await client.ReadAsync("connected");
        return client;
    }

    public static async Task<CompressingClient> OpenAsync(int port, string path, string? offer = Offer)
    {
        var socket = await RawWebSocket.ConnectTcpAsync(port);
        await socket.SendTextAsync(RawWebSocket.UpgradeRequest(path, offer is null ? [] : ["Sec-WebSocket-Extensions: " + offer]));
        string head = await socket.ReadHeadAsync();
        return head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal)
            ? new CompressingClient(socket, head)
            : throw new InvalidOperationException(head);
    }

    /// <summary>A text frame with RSV1.</summary>
    public static byte[] Frame(string text) => RawWebSocket.Frame(opcode: 1, Deflated.Of(text), rsv: 4);

    public Task SendAsync(string text, bool isCompressed = false) =>
        Socket.SendAsync(isCompressed ? Frame(text) : RawWebSocket.TextFrame(text));

    /// <summary>Reads the next message, whether it was compressed, and its bytes on the wire without the header.</summary>
    public async Task<(string Text, bool IsCompressed, int Bytes)> ReadAsync()
    {
        var frame = await Socket.ReadFrameAsync() ?? throw new InvalidOperationException("the connection ended");
        if (frame is not { Opcode: 1 or 2, Fin: true, Rsv: 0 or 4, Masked: false })
            throw new InvalidOperationException($"no message: {frame}");
        byte[] message = frame.Rsv == 4 ? Deflated.Inflate(frame.Payload) : frame.Payload;
        return (Encoding.UTF8.GetString(message), frame.Rsv == 4, frame.Payload.Length);
    }

    /// <summary>Reads the next message, which must be of this type.</summary>
    public async Task<(JsonElement Message, bool IsCompressed)> ReadAsync(string type)
    {
        var (text, isCompressed, _) = await ReadAsync();
        var message = JsonDocument.Parse(text).RootElement;
        return message.Text("type") == type ? (message, isCompressed) : throw new InvalidOperationException($"expected {type}, got {text}");
    }

    public async Task<(JsonElement Message, bool IsCompressed)> AskAsync(string json, string type)
    {
        await SendAsync(json);
        return await ReadAsync(type);
    }

    public Task SubscribeAsync(string channel) => AskAsync($$"""{"type":"subscribe","channel":"{{channel}}"}""", "subscribed");

    public ValueTask DisposeAsync() => Socket.DisposeAsync();
}
