using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gateway.Load.Sockets;

/// <summary>The server that connections go to, and the path that they ask for. Immutable.</summary>
internal sealed class ConnectionTarget
{
    /// <summary>RFC 6455 1.3 has this key as its example. One for all: nothing on the way to a load test's server caches answers.</summary>
    private const string Key = "dGhlIHNhbXBsZSBub25jZQ==";

    /// <summary>Its answer, likewise.</summary>
    private const string Accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private readonly IPAddress[] _addresses;

    private ConnectionTarget(Uri url, IPAddress[] addresses, bool isInsecure)
    {
        Url = url;
        _addresses = addresses;
        IsInsecure = isInsecure;
    }

    public Uri Url { get; }

    public bool IsTls => Url.Scheme == "wss";

    /// <summary>Whether any certificate will do.</summary>
    public bool IsInsecure { get; }

    public static async Task<ConnectionTarget> ResolveAsync(Uri url, bool isInsecure, CancellationToken cancellation)
    {
        try
        {
            return new ConnectionTarget(url, await Dns.GetHostAddressesAsync(url.DnsSafeHost, cancellation), isInsecure);
        }
        catch (SocketException failure)
        {
            throw new LoadException($"{url.Host}: {failure.Message}");
        }
    }

    /// <summary>Connections are shared out over the name's addresses.</summary>
    public IPEndPoint Address(int number) => new(_addresses[number % _addresses.Length], Url.Port);

    /// <summary>The upgrade.</summary>
    /// <param name="subprotocol">Offered, unless null.</param>
    /// <param name="token">The bearer token, unless null.</param>
    /// <param name="compresses">Whether to offer permessage-deflate, without context: each message is inflated by itself.</param>
    public byte[] Request(string? subprotocol, string? token, bool compresses = false)
    {
        var text = new StringBuilder(
            $"GET {Url.PathAndQuery} HTTP/1.1\r\nHost: {Url.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
        text.Append($"Sec-WebSocket-Key: {Key}\r\nSec-WebSocket-Version: 13\r\n");
        if (subprotocol is not null)
            text.Append($"Sec-WebSocket-Protocol: {subprotocol}\r\n");
        if (compresses)
            text.Append("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n");
        if (token is not null)
            text.Append($"Authorization: Bearer {token}\r\n");
        return Encoding.ASCII.GetBytes(text.Append("\r\n").ToString());
    }

    /// <summary>Checks the head of the answer to the upgrade.</summary>
    /// <exception cref="LoadException">The server refuses, or answers another key.</exception>
    public static void CheckAnswer(ReadOnlySpan<byte> answer)
    {
        string head = Encoding.Latin1.GetString(answer);
        if (!head.StartsWith("HTTP/1.1 101", StringComparison.Ordinal))
        {
            uint line = (uint)head.IndexOf('\r');
            throw new LoadException($"refused: {head.AsSpan(0, line < (uint)head.Length ? (int)line : head.Length)}");
        }
        if (!head.Contains(Accept, StringComparison.Ordinal))
            throw new LoadException("the server's Sec-WebSocket-Accept is wrong");
    }
}
