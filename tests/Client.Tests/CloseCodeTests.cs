using System.Net;

namespace Gateway.Client.Tests;

/// <summary>What a client does after each close code and each HTTP status, as docs/protocol.md says.</summary>
public sealed class CloseCodeTests
{
    [Theory]
    [InlineData(AfterEnd.Reconnect, 1001, 1005, 1011, 1012, 1013, 4008, 4010, 4011, 4029, 4999)]
    [InlineData(AfterEnd.NewToken, 4001)]
    [InlineData(AfterEnd.Stop, 1000, 1002, 1003, 1007, 1009, 4003)]
    public void Each_close_code_says_whether_to_come_back(object next, params int[] codes) =>
        Assert.All(codes, code => Assert.Equal(next, ConnectionEnd.Closed(code, "", disconnect: null).Next));

    [Theory]
    [InlineData(AfterEnd.Reconnect, 408, 429, 500, 502, 503)]
    [InlineData(AfterEnd.NewToken, 401)]
    [InlineData(AfterEnd.Stop, 400, 403, 404, 426, 431)]
    public void So_does_each_answer_to_the_handshake(object next, params int[] statuses) =>
        Assert.All(
            statuses,
            status => Assert.Equal(next, ConnectionEnd.Refused((HttpStatusCode)status, null, new InvalidOperationException()).Next));

    [Fact]
    public void Of_an_unknown_code_the_gateways_disconnect_decides_and_its_pause_is_kept()
    {
        var stay = ServerMessage.Read("""{"type":"disconnect","code":4999,"reason":"r","reconnect":false}"""u8);
        var wait = ServerMessage.Read("""{"type":"disconnect","code":1012,"reason":"restarting","reconnect":true,"retryAfter":1234}"""u8);

        Assert.Equal(AfterEnd.Stop, ConnectionEnd.Closed(4999, "r", stay).Next);
        Assert.Equal(TimeSpan.FromMilliseconds(1234), ConnectionEnd.Closed(1012, "restarting", wait).RetryAfter);
    }
}
