using Gateway.Protocol.WebSockets;
using static Gateway.Protocol.Tests.WebSockets.ClientFrames;

namespace Gateway.Protocol.Tests.WebSockets;

public sealed class FrameReaderCloseTests
{
    [Fact]
    public void An_empty_close_has_no_status() => Reading.Yields(Close([]), Received.Close(1005, ""));

    [Theory]
    [InlineData(1000)]
    [InlineData(1003)]
    [InlineData(1007)]
    [InlineData(1014)]
    [InlineData(3000)]
    [InlineData(4999)]
    public void A_close_carries_its_code(int code) => Reading.Yields(Close(code), Received.Close(code, ""));

    [Theory]
    [InlineData("bye")]
    [InlineData("auf Wiedersehen, schöne Grüße €")]
    public void A_close_carries_its_reason(string reason) => Reading.Yields(Close(1001, reason), Received.Close(1001, reason));

    [Fact]
    public void A_close_may_use_all_125_bytes()
    {
        string reason = new('x', 123);
        Reading.Yields(Close(4000, reason), Received.Close(4000, reason));
    }

    [Fact]
    public void Legal_codes_are_those_of_the_RFC_and_its_registry()
    {
        IEnumerable<int> legal = Enumerable.Range(1000, 4)
            .Concat(Enumerable.Range(1007, 8))
            .Concat(Enumerable.Range(3000, 2000));
        Assert.Equal(legal, Enumerable.Range(0, 65536).Where(CloseStatus.IsLegal));
    }

    [Fact]
    public void Every_code_of_ours_but_NoStatus_may_go_on_the_wire() =>
        Assert.Equal([CloseCode.NoStatus], Enum.GetValues<CloseCode>().Where(code => !CloseStatus.IsLegal((int)code)));
}
