using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Gateway.Protocol.WebSockets;

/// <summary>Writes the answer to an upgrade request, RFC 6455 section 4.2.2. Stateless, so any thread may call it.</summary>
internal static class UpgradeResponse
{
    /// <summary>Base64 of the 20 bytes of a hash.</summary>
    private const int AcceptKeyLength = 28;

    private static ReadOnlySpan<byte> AcceptGuid => "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8;

    /// <summary>Writes that the protocols are switched. Frames follow on the connection.</summary>
    /// <param name="output">The output, which the caller flushes.</param>
    /// <param name="request">The request that this answers.</param>
    /// <param name="subprotocol">One of the offered subprotocols, or null to confirm none.</param>
    /// <param name="extensions">The extensions that are agreed on, or null for none.</param>
    /// <exception cref="ArgumentException">The subprotocol was not offered. A client must fail such a connection.</exception>
    public static void WriteAccepted(IBufferWriter<byte> output, HandshakeRequest request, string? subprotocol, string? extensions = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (subprotocol is not null && !request.Subprotocols.Contains(subprotocol))
            throw new ArgumentException("Only an offered subprotocol can be confirmed.", nameof(subprotocol));
        output.Write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "u8);
        WriteAcceptKey(output.GetSpan(AcceptKeyLength), request.Key);
        output.Advance(AcceptKeyLength);
        output.Write("\r\n"u8);
        if (subprotocol is not null)
            WriteHeader(output, "Sec-WebSocket-Protocol", subprotocol);
        if (extensions is not null)
            WriteHeader(output, "Sec-WebSocket-Extensions", extensions);
        output.Write("\r\n"u8);
    }

    /// <summary>Writes a plain HTTP answer with one line of JSON, after which the connection ends.</summary>
    public static void WriteRefused(IBufferWriter<byte> output, HandshakeRefusal refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        // The default encoder escapes everything beyond ASCII, so the number of characters is the number of bytes.
        string body = $$"""{"error":"{{JsonEncodedText.Encode(refusal.Error)}}","message":"{{JsonEncodedText.Encode(refusal.Message)}}"}""";
        WriteAscii(output, string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {refusal.StatusCode} {Reason(refusal.StatusCode)}\r\n"));
        switch (refusal.StatusCode)
        {
            // RFC 9110 section 7.8: an answer with Upgrade names it in Connection. RFC 6455 section 4.4: it names the version.
            case 426:
                output.Write("Connection: close, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"u8);
                break;
            case 401:
                output.Write("Connection: close\r\n"u8);
                WriteHeader(output, "WWW-Authenticate", refusal.Challenge);
                break;
            default:
                output.Write("Connection: close\r\n"u8);
                break;
        }
        if (refusal.RetryAfter is { } delay)
            WriteHeader(output, "Retry-After", WholeSeconds(delay));
        WriteHeader(output, "Content-Type", "application/json");
        WriteHeader(output, "Content-Length", body.Length.ToString(CultureInfo.InvariantCulture));
        output.Write("\r\n"u8);
        WriteAscii(output, body);
    }

    /// <summary>The Sec-WebSocket-Accept for a key, which proves that a WebSocket server has read the request.</summary>
    public static string AcceptKey(string key)
    {
        Span<byte> accept = stackalloc byte[AcceptKeyLength];
        WriteAcceptKey(accept, key);
        return Encoding.ASCII.GetString(accept);
    }

    private static void WriteAcceptKey(Span<byte> output, string key)
    {
        Span<byte> proof = stackalloc byte[key.Length + AcceptGuid.Length];
        AcceptGuid.CopyTo(proof[Encoding.ASCII.GetBytes(key, proof)..]);
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
#pragma warning disable CA5350 // SHA-1 is the RFC's choice and guards no secret here.
        SHA1.HashData(proof, hash);
#pragma warning restore CA5350
        Base64.EncodeToUtf8(hash, output, out _, out _);
    }

    /// <summary>
    /// The delay, rounded up: RFC 9110 section 10.2.3 has no fractions, and a client that returns too early is refused again.
    /// </summary>
    private static string WholeSeconds(TimeSpan delay) =>
        Math.Max(0, Math.Ceiling(delay.TotalSeconds)).ToString("F0", CultureInfo.InvariantCulture);

    private static string Reason(int statusCode) => statusCode switch
    {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        // An empty reason is allowed, and clients ignore the reason: RFC 9112 section 4.
        _ => "",
    };

    private static void WriteHeader(IBufferWriter<byte> output, string name, string value)
    {
        WriteAscii(output, name);
        output.Write(": "u8);
        WriteAscii(output, value);
        output.Write("\r\n"u8);
    }

    private static void WriteAscii(IBufferWriter<byte> output, string text) => Encoding.ASCII.GetBytes(text, output);
}
