using System.Buffers;
using System.Text;
using System.Text.Json;
using Gateway.Protocol.WebSockets;

namespace Gateway.Protocol.Tests.WebSockets;

public sealed class UpgradeResponseTests
{
    private static readonly HandshakeRequest Sample = Handshake.Accepts(Handshake.Sample);

    [Fact]
    public void The_accept_key_is_that_of_RFC_6455() =>
        Assert.Equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", UpgradeResponse.AcceptKey(Handshake.Key));

    [Fact]
    public void Accepting_confirms_the_chosen_subprotocol() => Assert.Equal(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: superchat\r\n\r\n",
        Written(output => UpgradeResponse.WriteAccepted(output, Sample, "superchat")));

    [Fact]
    public void Accepting_without_a_subprotocol_says_nothing_of_it() => Assert.Equal(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        Written(output => UpgradeResponse.WriteAccepted(output, Sample, null)));

    [Theory]
    [InlineData("Chat")]
    [InlineData("chat\r\nX: 1")]
    public void A_subprotocol_that_was_not_offered_cannot_be_confirmed(string subprotocol)
    {
        var output = new ArrayBufferWriter<byte>();

        Assert.Throws<ArgumentException>(() => UpgradeResponse.WriteAccepted(output, Sample, subprotocol));
        Assert.Equal(0, output.WrittenCount);
    }

    [Fact]
    public void A_bad_request_says_what_is_wrong() => Assert.Equal(
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 74\r\n\r\n" +
        """{"error":"bad_request","message":"the Upgrade header must name websocket"}""",
        Written(HandshakeRefusal.UpgradeMissing));

    [Fact]
    public void A_wrong_version_names_the_right_one() => Assert.Equal(
        "HTTP/1.1 426 Upgrade Required\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
        "Content-Type: application/json\r\nContent-Length: 68\r\n\r\n" +
        """{"error":"bad_request","message":"Sec-WebSocket-Version must be 13"}""",
        Written(HandshakeRefusal.Version));

    [Fact]
    public void A_bad_token_is_challenged() => Assert.Equal(
        "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n" +
        "WWW-Authenticate: Bearer error=\"invalid_token\", error_description=\"token expired\"\r\n" +
        "Content-Type: application/json\r\nContent-Length: 50\r\n\r\n" +
        """{"error":"unauthorized","message":"token expired"}""",
        Written(HandshakeRefusal.Unauthorized("token expired")));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1, "1")]
    [InlineData(1000, "1")]
    [InlineData(1001, "2")]
    [InlineData(-5000, "0")]
    [InlineData(86_400_000, "86400")]
    public void Retry_after_is_in_whole_seconds_rounded_up(int milliseconds, string expected)
    {
        var refusal = HandshakeRefusal.Unavailable with { RetryAfter = TimeSpan.FromMilliseconds(milliseconds) };

        Assert.StartsWith(
            $"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: {expected}\r\nContent-Type: ",
            Written(refusal),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_token_is_asked_for_and_nothing_called_wrong() =>
        Assert.Contains("\r\nWWW-Authenticate: Bearer\r\n", Written(HandshakeRefusal.TokenMissing), StringComparison.Ordinal);

    [Theory]
    [InlineData("it's a \"token\"\r\nX: \\", "it's a ?token???X: ?")]
    [InlineData("caf\u00e9 ~", "caf? ~")]
    public void No_message_can_break_out_of_the_challenge(string message, string expected) =>
        Assert.Equal($"Bearer error=\"invalid_token\", error_description=\"{expected}\"", HandshakeRefusal.Unauthorized(message).Challenge);

    [Fact]
    public void No_message_can_break_out_of_the_body()
    {
        const string Message = "\"}\r\n\r\nHTTP/1.1 200 OK \u00e9\u2028\ud83d\ude00";

        string response = Written(HandshakeRefusal.Unauthorized(Message));
        string body = response[(response.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];

        Assert.DoesNotContain('\n', body);
        Assert.Contains($"\r\nContent-Length: {body.Length}\r\n", response, StringComparison.Ordinal);
        Assert.Equal(Message, JsonDocument.Parse(body).RootElement.GetProperty("message").GetString());
    }

    public static TheoryData<object, string> Answers() => new()
    {
        { HandshakeRefusal.UnknownSubprotocol, "400 Bad Request" },
        { HandshakeRefusal.Unauthorized("no token"), "401 Unauthorized" },
        { HandshakeRefusal.ForbiddenOrigin, "403 Forbidden" },
        { HandshakeRefusal.Version, "426 Upgrade Required" },
        { HandshakeRefusal.TooManyRequests, "429 Too Many Requests" },
        { HandshakeRefusal.TooManyHeaders, "431 Request Header Fields Too Large" },
        { HandshakeRefusal.Unavailable, "503 Service Unavailable" },
        { new HandshakeRefusal(418, "teapot", "short and stout"), "418 " },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public void Every_refusal_is_a_whole_answer_that_closes(object answer, string status)
    {
        var refusal = (HandshakeRefusal)answer;
        string response = Written(refusal);
        string[] parts = response.Split("\r\n\r\n");

        Assert.StartsWith($"HTTP/1.1 {status}\r\nConnection: close", response, StringComparison.Ordinal);
        Assert.Equal(2, parts.Length);
        Assert.EndsWith($"\r\nContent-Length: {parts[1].Length}", parts[0], StringComparison.Ordinal);
        var body = JsonDocument.Parse(parts[1]).RootElement;
        Assert.Equal(refusal.Error, body.GetProperty("error").GetString());
        Assert.Equal(refusal.Message, body.GetProperty("message").GetString());
    }

    private static string Written(HandshakeRefusal refusal) => Written(output => UpgradeResponse.WriteRefused(output, refusal));

    private static string Written(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return Encoding.Latin1.GetString(output.WrittenSpan);
    }
}
