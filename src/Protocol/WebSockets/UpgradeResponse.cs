using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Gateway.Protocol.WebSockets;

/// <summary>Stateless, safe from any thread. Writes the answer to an upgrade request, RFC 6455 section 4.2.2.</summary>
public static class UpgradeResponse
{
    private const string AcceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    /// <summary>Switches protocols; what follows on the connection is frames.</summary>
    /// <param name="output">Where the response goes; flushing is the caller's.</param>
    /// <param name="request">The request that is answered.</param>
    /// <param name="subprotocol">One of those offered, or null to confirm none.</param>
    /// <exception cref="ArgumentException">The subprotocol was not offered: a client must then fail the connection.</exception>
    public static void WriteAccepted(IBufferWriter<byte> output, UpgradeRequest request, string? subprotocol)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (subprotocol is not null && !request.Subprotocols.Contains(subprotocol))
            throw new ArgumentException("Only an offered subprotocol can be confirmed.", nameof(subprotocol));
        output.Write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"u8);
        WriteHeader(output, "Sec-WebSocket-Accept", AcceptKey(request.Key));
        if (subprotocol is not null)
            WriteHeader(output, "Sec-WebSocket-Protocol", subprotocol);
        output.Write("\r\n"u8);
    }

    /// <summary>A plain HTTP answer with one line of JSON, after which the connection ends.</summary>
    public static void WriteRefused(IBufferWriter<byte> output, UpgradeRefusal refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        // The default encoder escapes all but ASCII, so characters can be counted as bytes.
        string body = $$"""{"error":"{{JsonEncodedText.Encode(refusal.Error)}}","message":"{{JsonEncodedText.Encode(refusal.Message)}}"}""";
        WriteAscii(output, string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {refusal.StatusCode} {Reason(refusal.StatusCode)}\r\n"));
        switch (refusal.StatusCode)
        {
            case 426: // RFC 9110 section 7.8: who sends Upgrade names it in Connection. RFC 6455 section 4.4: the version.
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

    /// <summary>Sec-WebSocket-Accept for a key: proves that it was read by something that speaks WebSocket.</summary>
    public static string AcceptKey(string key)
    {
#pragma warning disable CA5350 // SHA-1 is the RFC's choice and guards no secret here.
        return Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + AcceptGuid)));
#pragma warning restore CA5350
    }

    /// <summary>Rounded up: RFC 9110 section 10.2.3 knows no fractions, and coming back too early helps nobody.</summary>
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
        _ => "", // Allowed, and ignored by clients: RFC 9112 section 4.
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
