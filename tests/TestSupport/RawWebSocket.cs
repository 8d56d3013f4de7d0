using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;

namespace Gateway.TestSupport;

/// <summary>
/// A WebSocket client that can do everything wrong: plain TCP, every byte in the test's hands. Reads give up after
/// <see cref="Eventually.Limit"/>.
/// </summary>
public sealed class RawWebSocket : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly Stream _stream;

    private RawWebSocket(Socket socket, Stream stream)
    {
        _socket = socket;
        _stream = stream;
    }

    public Socket Socket => _socket;

    /// <summary>Opens a TCP connection, and sends nothing.</summary>
    /// <param name="port">The gateway's public port.</param>
    /// <param name="receiveBuffer">Bytes of the kernel's receive buffer; small ones make a client that stops reading felt sooner.</param>
    public static async Task<RawWebSocket> ConnectTcpAsync(int port, int? receiveBuffer = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer is { } bytes)
        {
            socket.ReceiveBufferSize = bytes;
            // TCP_MAXSEG: as in a real network. With loopback's 64 KiB segments the gateway's kernel would take megabytes before it says
            // that nobody reads.
            socket.SetRawSocketOption(6, 2, BitConverter.GetBytes(536));
        }
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return new RawWebSocket(socket, new NetworkStream(socket, ownsSocket: true));
    }

    /// <summary>Opens a TLS connection of version 1.2, whose alert records can be told from others.</summary>
    /// <param name="port">The gateway's public port.</param>
    /// <param name="received">Takes every byte as it comes, encrypted.</param>
    public static async Task<RawWebSocket> ConnectTlsAsync(int port, Stream received)
    {
        var tcp = await ConnectTcpAsync(port);
        var ssl = new SslStream(new CopyingStream(tcp._stream, received));
#pragma warning disable CA5398 // On purpose, see above.
        await ssl.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = SslProtocols.Tls12,
            RemoteCertificateValidationCallback = static (_, shown, _, _) => shown?.Subject == "CN=localhost",
        });
#pragma warning restore CA5398
        return new RawWebSocket(tcp._socket, ssl);
    }

    /// <summary>Opens a connection and upgrades it.</summary>
    public static async Task<RawWebSocket> ConnectAsync(int port, string path = "/ws", int? receiveBuffer = null)
    {
        var client = await ConnectTcpAsync(port, receiveBuffer);
        await client.SendTextAsync(UpgradeRequest(path));
        string head = await client.ReadHeadAsync();
        return head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal) ? client : throw new InvalidOperationException(head);
    }

    public static string UpgradeRequest(string path, params string[] headers) =>
        $"GET {path} HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
        string.Concat(headers.Select(header => header + "\r\n")) + "\r\n";

    /// <summary>A masked client frame.</summary>
    public static byte[] Frame(int opcode, ReadOnlySpan<byte> payload, bool fin = true, int rsv = 0)
    {
        byte[] frame = new byte[14 + payload.Length];
        frame[0] = (byte)((fin ? 0x80 : 0) | (rsv << 4) | opcode);
        int at = 2;
        if (payload.Length < 126)
        {
            frame[1] = (byte)(0x80 | payload.Length);
        }
        else if (payload.Length < 65_536)
        {
            frame[1] = 0x80 | 126;
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)payload.Length);
            at = 4;
        }
        else
        {
            frame[1] = 0x80 | 127;
            BinaryPrimitives.WriteUInt64BigEndian(frame.AsSpan(2), (ulong)payload.Length);
            at = 10;
        }
        var mask = frame.AsSpan(at, 4);
        RandomNumberGenerator.Fill(mask);
        at += 4;
        for (int i = 0; i < payload.Length; i++)
            frame[at + i] = (byte)(payload[i] ^ mask[i & 3]);
        return frame[..(at + payload.Length)];
    }

    public static byte[] TextFrame(string text, bool fin = true) => Frame(1, Encoding.UTF8.GetBytes(text), fin);

    public static byte[] CloseFrame(int code, string reason = "")
    {
        byte[] payload = new byte[2 + Encoding.UTF8.GetByteCount(reason)];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        Encoding.UTF8.GetBytes(reason, payload.AsSpan(2));
        return Frame(8, payload);
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        await _stream.WriteAsync(bytes, deadline.Token);
    }

    /// <summary>Sends in TCP segments of at most this many bytes.</summary>
    public async Task SendInPiecesAsync(ReadOnlyMemory<byte> bytes, int piece)
    {
        for (int at = 0; at < bytes.Length; at += piece)
            await SendAsync(bytes[at..Math.Min(at + piece, bytes.Length)]);
    }

    /// <summary>Ends the sending side, and goes on reading.</summary>
    public void FinishSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Sends plain bytes, not a frame.</summary>
    public Task SendTextAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>Sends one text message.</summary>
    public Task SendMessageAsync(string text) => SendAsync(TextFrame(text));

    /// <summary>Reads the next frame. Null at the end of the stream. A reset is an <see cref="IOException"/>.</summary>
    public async Task<ReceivedRawFrame?> ReadFrameAsync()
    {
        byte[] head = new byte[2];
        if (!await TryReadAsync(head))
            return null;
        long length = head[1] & 127;
        if (length >= 126)
        {
            byte[] extended = new byte[length == 126 ? 2 : 8];
            if (!await TryReadAsync(extended))
                return null;
            length = extended.Length == 2 ? BinaryPrimitives.ReadUInt16BigEndian(extended) : BinaryPrimitives.ReadInt64BigEndian(extended);
        }
        byte[] payload = new byte[length];
        return await TryReadAsync(payload)
            ? new ReceivedRawFrame((head[0] & 0x80) != 0, (head[0] >> 4) & 7, head[0] & 15, (head[1] & 0x80) != 0, payload)
            : null;
    }

    /// <summary>Reads frames up to the close frame, and returns it. Null when the stream ends without one.</summary>
    public async Task<ReceivedRawFrame?> ReadUntilCloseAsync()
    {
        while (true)
        {
            var frame = await ReadFrameAsync();
            if (frame is null or { Opcode: 8 })
                return frame;
        }
    }

    /// <summary>
    /// Reads an HTTP response head, up to and including the empty line, or as much as comes before the end of the stream.
    /// </summary>
    public Task<string> ReadHeadAsync() => ReadUntilAsync("\r\n\r\n");

    /// <summary>Reads the next line, without its line feed.</summary>
    public async Task<string> ReadLineAsync() => (await ReadUntilAsync("\n"))[..^1];

    /// <summary>Reads the next HTTP response, with a body by Content-Length, in chunks, or without one.</summary>
    public async Task<HttpReply> ReadReplyAsync()
    {
        var reply = HttpReply.Parse(await ReadHeadAsync());
        if (reply["Transfer-Encoding"] != "chunked")
            return reply with { Body = await ReadBodyAsync(reply.ContentLength) };
        var body = new StringBuilder();
        while (true)
        {
            int size = int.Parse((await ReadUntilAsync("\r\n")).TrimEnd(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.Append(await ReadBodyAsync(size));
            await ReadUntilAsync("\r\n");
            if (size == 0)
                return reply with { Body = body.ToString() };
        }
    }

    /// <summary>Reads everything up to the end of the stream. A reset is an <see cref="IOException"/>.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        using var all = new MemoryStream();
        await _stream.CopyToAsync(all, deadline.Token);
        return all.ToArray();
    }

    /// <summary>Resets the connection, as a crashed client does.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    private async Task<string> ReadUntilAsync(string end)
    {
        var text = new StringBuilder();
        byte[] one = new byte[1];
        while (!text.ToString().EndsWith(end, StringComparison.Ordinal) && await TryReadAsync(one))
            text.Append((char)one[0]);
        return text.ToString();
    }

    private async Task<string> ReadBodyAsync(int length)
    {
        byte[] body = new byte[length];
        return await TryReadAsync(body)
            ? Encoding.UTF8.GetString(body)
            : throw new EndOfStreamException($"the stream ended inside {length} bytes of a body");
    }

    private async Task<bool> TryReadAsync(Memory<byte> buffer)
    {
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        int read = await _stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, deadline.Token);
        return read == buffer.Length;
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
