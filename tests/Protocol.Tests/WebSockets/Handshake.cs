using System.Buffers;
using System.Text;
using Gateway.Protocol.WebSockets;

namespace Gateway.Protocol.Tests.WebSockets;

/// <summary>Handshakes as text, and their parsing under every cut of the bytes. Stateless.</summary>
internal static class Handshake
{
    public const string Key = "dGhlIHNhbXBsZSBub25jZQ==";

    /// <summary>The client's handshake of RFC 6455 section 1.3.</summary>
    public const string Sample =
        "GET /chat HTTP/1.1\r\n" +
        "Host: server.example.com\r\n" +
        "Upgrade: websocket\r\n" +
        "Connection: Upgrade\r\n" +
        "Sec-WebSocket-Key: " + Key + "\r\n" +
        "Origin: http://example.com\r\n" +
        "Sec-WebSocket-Protocol: chat, superchat\r\n" +
        "Sec-WebSocket-Version: 13\r\n\r\n";

    /// <summary>What no handshake can do without.</summary>
    public static readonly string[] Required =
    [
        "Host: example.com", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: " + Key, "Sec-WebSocket-Version: 13",
    ];

    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    public static string Head(string requestLine, IEnumerable<string> headers) =>
        requestLine + "\r\n" + string.Concat(headers.Select(header => header + "\r\n")) + "\r\n";

    /// <summary>A good handshake and <paramref name="extra"/> header lines.</summary>
    public static string With(params string[] extra) => Head("GET /ws HTTP/1.1", [.. Required, .. extra]);

    /// <summary>A good handshake, with every line of the named header replaced by <paramref name="lines"/>.</summary>
    public static string Replacing(string name, params string[] lines) => Head(
        "GET /ws HTTP/1.1",
        [.. Required.Where(line => !line.StartsWith(name + ":", StringComparison.Ordinal)), .. lines]);

    public static string Requesting(string requestLine) => Head(requestLine, Required);

    /// <summary>Asserts that every cut accepts with the same result and stops right after the head, and that no prefix is enough.</summary>
    public static HandshakeRequest Accepts(string head, int maxHeadBytes = HandshakeRequestParser.DefaultMaxHeadBytes)
    {
        HandshakeRequest? expected = null;
        foreach (string after in new[] { "", "\u0081\u0080frames" })
        {
            foreach (var input in HeadSplits.Of(Bytes(head + after)))
            {
                var outcome = HandshakeRequestParser.TryParse(input, maxHeadBytes, out var request, out var refusal, out var consumed);
                Assert.Null(refusal);
                Assert.Equal(HandshakeOutcome.Accepted, outcome);
                Assert.NotNull(request);
                Assert.Equal(head.Length, input.Slice(input.Start, consumed).Length);
                expected ??= request;
                Assert.Equal(expected.Subprotocols, request.Subprotocols);
                Assert.Equal(expected, request with { Subprotocols = expected.Subprotocols });
            }
        }

        AssertPrefixesUndecided(head, head.Length, maxHeadBytes);
        return expected!;
    }

    /// <summary>Asserts that every cut refuses for the same reason, and that no prefix shorter than the decision says otherwise.</summary>
    public static HandshakeRefusal Refuses(string head, int maxHeadBytes = HandshakeRequestParser.DefaultMaxHeadBytes)
    {
        HandshakeRefusal? expected = null;
        foreach (var input in HeadSplits.Of(Bytes(head)))
        {
            var outcome = HandshakeRequestParser.TryParse(input, maxHeadBytes, out var request, out var refusal, out var consumed);
            Assert.Equal(HandshakeOutcome.Refused, outcome);
            Assert.Null(request);
            Assert.NotNull(refusal);
            Assert.Equal(head.Length > maxHeadBytes ? 0 : head.Length, input.Slice(input.Start, consumed).Length);
            expected ??= refusal;
            Assert.Equal(expected, refusal);
        }

        AssertPrefixesUndecided(head, Math.Min(head.Length, maxHeadBytes), maxHeadBytes);
        return expected!;
    }

    private static void AssertPrefixesUndecided(string head, int decidedAt, int maxHeadBytes)
    {
        byte[] bytes = Bytes(head);
        for (int length = 0; length < decidedAt; length++)
        {
            var prefix = new ReadOnlySequence<byte>(bytes, 0, length);
            var outcome = HandshakeRequestParser.TryParse(prefix, maxHeadBytes, out var request, out var refusal, out var consumed);
            Assert.Equal(HandshakeOutcome.NeedMoreData, outcome);
            Assert.Null(request);
            Assert.Null(refusal);
            Assert.Equal(prefix.Start, consumed);
        }
    }
}
