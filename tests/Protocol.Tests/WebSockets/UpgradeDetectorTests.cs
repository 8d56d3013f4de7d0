using System.Buffers;
using Gateway.Protocol.WebSockets;

namespace Gateway.Protocol.Tests.WebSockets;

public sealed class UpgradeDetectorTests
{
    private const int Max = 1024;

    private static readonly byte[][] Paths = ["/ws"u8.ToArray(), "/echo"u8.ToArray(), "/ws/two"u8.ToArray()];

    [Theory]
    [InlineData("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")]
    [InlineData("GET /echo HTTP/1.1\r\nHost: a\r\nUPGRADE:WEBSOCKET\r\n\r\n")]
    [InlineData("GET /ws/two HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")]
    [InlineData("GET /ws?token=a.b HTTP/1.1\r\nUpgrade: h2c, websocket\r\n\r\n")]
    [InlineData("GET /ws? HTTP/1.1\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n\r\n")]
    public void An_upgrade_for_our_path_is_ours(string head) => AssertDecides(head, RequestKind.Upgrade, head.Length);

    [Theory]
    [InlineData("GET /ws HTTP/1.0\r\nUpgrade: websocket\r\n\r\n")]
    [InlineData("GET /ws \r\nUpgrade : websocket\r\n\r\n")]
    [InlineData("GET /ws HTTP/1.1\nUpgrade: websocket\n\n")]
    [InlineData("GET /ws HTTP/1.1\r\nno colon\r\nUpgrade: websocket\r\n\r\n")]
    [InlineData("GET /ws HTTP/1.1\r\nTransfer-Encoding: chunked\r\nUpgrade: websocket\r\n\r\n")]
    public void However_wrong_the_rest_is_it_is_ours_and_refused(string head)
    {
        AssertDecides(head, RequestKind.Upgrade, head.Length);
        Assert.Equal(400, Handshake.Refuses(head).StatusCode);
    }

    [Theory]
    [InlineData("GET /ws HTTP/1.1\r\n\r\n")]
    [InlineData("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")]
    [InlineData("GET /ws HTTP/1.1\r\nX-Upgrade: websocket\r\n\r\n")]
    [InlineData("GET /ws?Upgrade: websocket HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET /ws HTTP/1.1\r\nHost: a\r\n\r\nUpgrade: websocket\r\n\r\n", 29)]
    public void Our_path_without_an_upgrade_is_handed_on_when_the_head_ends(string head, int decidedAt = -1) =>
        AssertDecides(head, RequestKind.Other, decidedAt < 0 ? head.Length : decidedAt);

    [Theory]
    [InlineData("POST /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", 1)]
    [InlineData("GEX /ws HTTP/1.1\r\n\r\n", 3)]
    [InlineData("GET\t/ws HTTP/1.1\r\n\r\n", 4)]
    [InlineData("get /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", 1)]
    [InlineData("GET http://a/ws HTTP/1.1\r\n\r\n", 5)]
    [InlineData("GET /health/live HTTP/1.1\r\n\r\n", 6)]
    [InlineData("GET /wsx HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", 8)]
    [InlineData("GET /ws/ HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", 9)]
    [InlineData("GET /ws/twofold HTTP/1.1\r\n\r\n", 12)]
    [InlineData("GET /ws#a HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", 8)]
    [InlineData("GET /ws\r\nUpgrade: websocket\r\n\r\n", 8)]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 1)]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001", 1)]
    [InlineData("\r\nGET /ws HTTP/1.1\r\n", 1)]
    public void Anything_else_is_handed_on_at_the_first_byte_that_shows_it(string head, int decidedAt) =>
        AssertDecides(head, RequestKind.Other, decidedAt);

    [Theory]
    [InlineData("GET /ws?")]
    [InlineData("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nX: ")]
    [InlineData("GET /ws HTTP/1.1\r\nX: ")]
    public void An_endless_head_for_our_path_is_ours_and_refused(string start)
    {
        string head = start + new string('a', Max);

        AssertDecides(head, RequestKind.Upgrade, Max);
        Assert.Equal(431, Handshake.Refuses(head, Max).StatusCode);
    }

    [Fact]
    public void A_head_may_fill_the_limit()
    {
        const string Head = "GET /ws HTTP/1.1\r\nHost: a\r\n\r\n";

        Assert.Equal(RequestKind.Other, Classify(Handshake.Bytes(Head), Head.Length));
        Assert.Equal(RequestKind.Upgrade, Classify(Handshake.Bytes(Head), Head.Length - 1));
    }

    [Fact]
    public void A_limit_too_small_for_any_path_does_not_wait_forever() =>
        Assert.Equal(RequestKind.Other, Classify("GET /w"u8.ToArray(), 6));

    [Fact]
    public void Without_paths_nothing_is_ours_once_the_method_is_known() =>
        Assert.Equal(RequestKind.Other, UpgradeDetector.Classify(new(Handshake.Bytes(Handshake.Sample)), [], Max));

    private static RequestKind Classify(byte[] bytes, int max) => UpgradeDetector.Classify(new(bytes), Paths, max);

    private static void AssertDecides(string head, RequestKind kind, int decidedAt)
    {
        byte[] bytes = Handshake.Bytes(head);
        foreach (var input in HeadSplits.Of(bytes)) Assert.Equal(kind, UpgradeDetector.Classify(input, Paths, Max));
        for (int length = 0; length <= bytes.Length; length++)
        {
            var expected = length < decidedAt ? RequestKind.NeedMoreData : kind;
            var actual = UpgradeDetector.Classify(new ReadOnlySequence<byte>(bytes, 0, length), Paths, Max);
            Assert.True(expected == actual, $"{actual} after {length} of {bytes.Length} bytes");
        }
    }
}
