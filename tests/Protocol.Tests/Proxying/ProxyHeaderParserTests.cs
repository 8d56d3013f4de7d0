using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Gateway.Protocol.Proxying;
using Gateway.Protocol.Tests.WebSockets;

namespace Gateway.Protocol.Tests.Proxying;

/// <summary>haproxy.org, "The PROXY protocol". Every case is tried with the bytes cut at every place.</summary>
public sealed class ProxyHeaderParserTests
{
    private const string Signature = "0D0A0D0A000D0A515549540A";

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n", "192.0.2.7:56324")]
    [InlineData("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535")]
    [InlineData("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0:0")]
    [InlineData("PROXY TCP6 2001:db8::7 2001:db8::1 1 2\r\n", "[2001:db8::7]:1")]
    [InlineData("PROXY TCP6 2001:0DB8:0000:0000:0000:0000:0000:0007 ::1 1 2\r\n", "[2001:db8::7]:1")]
    [InlineData("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", "[::ffff:192.0.2.7]:1")]
    [InlineData("PROXY UNKNOWN\r\n", null)]
    [InlineData("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", null)]
    public void A_line_of_version_1_is_read(string line, string? source) => AcceptsEverywhere(Encoding.Latin1.GetBytes(line), source);

    [Theory]
    [InlineData("2111000CC0000207C0000201DC0401BB", "192.0.2.7:56324")]
    [InlineData("2121002420010DB800000000000000000000000720010DB8000000000000000000000001000101BB", "[2001:db8::7]:1")]
    [InlineData("2111000CC0000207C00002010000FFFF", "192.0.2.7:0")]
    [InlineData("21110013C0000207C0000201DC0401BB03000401020304", "192.0.2.7:56324")]
    [InlineData("20000000", null)]
    [InlineData("2011000CC0000207C0000201DC0401BB", null)]
    [InlineData("20FF0003010203", null)]
    [InlineData("21000000", null)]
    [InlineData("21000005FFFFFFFFFF", null)]
    public void A_header_of_version_2_is_read_and_its_extensions_are_skipped(string hex, string? source) =>
        AcceptsEverywhere(Convert.FromHexString(Signature + hex), source);

    [Fact]
    public void A_UNIX_socket_of_version_2_says_nothing_of_an_address() =>
        AcceptsEverywhere(Convert.FromHexString(Signature + "213100D8" + new string('0', 432)), null);

    [Fact]
    public void The_longest_header_of_version_2_is_read_and_one_byte_more_is_refused()
    {
        byte[] longest = Convert.FromHexString(Signature + "21110FF0C0000207C0000201DC0401BB" + new string('0', 2 * (4096 - 28)));
        Assert.Equal(ProxyHeaderParser.MaxBytes, longest.Length);
        Accepts(new ReadOnlySequence<byte>(longest), longest.Length, "192.0.2.7:56324");
        longest[15]++;
        Assert.Equal(ProxyHeaderOutcome.Refused, Parse(longest));
    }

    [Theory]
    [InlineData("GET /ws HTTP/1.1\r\nHost: gateway\r\n\r\n")]
    [InlineData("PROXY\r\n")]
    [InlineData("proxy TCP4 192.0.2.7 192.0.2.1 1 2\r\n")]
    [InlineData("PROXY  TCP4 192.0.2.7 192.0.2.1 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n")]
    [InlineData("PROXY TCP4 192.0.2.7 192.0.2.1 1 2 \r\n")]
    [InlineData("PROXY TCP4 192.0.2.7 192.0.2.1 1 2\n\r\n")]
    [InlineData("PROXY TCP4 192.0.2.7 192.0.2.1 1 65536\r\n")]
    [InlineData("PROXY TCP4 192.0.2.7 192.0.2.1 01 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.7 192.0.2.1 -1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.7 192.0.2.1  2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.256 192.0.2.1 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2 192.0.2.1 1 2\r\n")]
    [InlineData("PROXY TCP4 010.0.2.7 192.0.2.1 1 2\r\n")]
    [InlineData("PROXY TCP4 2001:db8::7 192.0.2.1 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.7 2001:db8::7 1 2\r\n")]
    [InlineData("PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n")]
    [InlineData("PROXY TCP6 [2001:db8::7] ::1 1 2\r\n")]
    [InlineData("PROXY TCP6 fe80::1%1 ::1 1 2\r\n")]
    [InlineData("PROXY UDP4 192.0.2.7 192.0.2.1 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.7 192.0.2.1 1 2                                                                      \r\n")]
    [InlineData("\r\n\r\n\0\r\nQUIT\r0123456789")]
    public void What_is_no_header_is_refused(string text) => RefusedEverywhere(Encoding.Latin1.GetBytes(text));

    [Theory]
    [InlineData("1111000CC0000207C0000201DC0401BB")]
    [InlineData("2211000CC0000207C0000201DC0401BB")]
    [InlineData("2112000CC0000207C0000201DC0401BB")]
    [InlineData("2122002420010DB800000000000000000000000720010DB8000000000000000000000001000101BB")]
    [InlineData("2141000CC0000207C0000201DC0401BB")]
    [InlineData("2111000BC0000207C0000201DC0401")]
    [InlineData("2121000CC0000207C0000201DC0401BB")]
    [InlineData("21310000")]
    [InlineData("20000FF1")]
    [InlineData("2100FFFF")]
    public void A_header_of_version_2_that_cannot_be_is_refused(string hex) => RefusedEverywhere(Convert.FromHexString(Signature + hex));

    [Fact]
    public void A_line_without_an_end_is_refused_at_107_bytes_and_not_before()
    {
        byte[] line = Encoding.Latin1.GetBytes("PROXY UNKNOWN " + new string('x', 200));
        for (int length = 0; length < 107; length++)
            Assert.Equal(ProxyHeaderOutcome.NeedMoreData, Parse(line[..length]));
        Assert.Equal(ProxyHeaderOutcome.Refused, Parse(line[..107]));
        Assert.Equal(ProxyHeaderOutcome.Refused, Parse(line));
    }

    [Fact]
    public void Any_bytes_come_to_something_and_more_of_them_never_change_a_decision()
    {
        var start = Gen.Elements("", "PROXY ", "PROXY TCP4 ", "\r\n\r\n\0\r\nQUIT\n", "\r\n\r\n\0\r\nQUIT\n\x21\x11")
            .Select(Encoding.Latin1.GetBytes);
        var rest = Gen.ArrayOf(
            Gen.OneOf(Gen.Choose(0, 255), Gen.Elements<int>([.. "PROXY TCP4 UNKNOWN\r\n.:0123456789"])).Select(value => (byte)value));
        Prop.ForAll((from first in start from then in rest select (byte[])[.. first, .. then]).ToArbitrary(), bytes =>
        {
            var decided = ProxyHeaderOutcome.NeedMoreData;
            for (int length = 0; length <= bytes.Length; length++)
            {
                var outcome = Parse(bytes[..length]);
                if (decided != ProxyHeaderOutcome.NeedMoreData && outcome != decided)
                    return false;
                decided = outcome;
            }
            return true;
        }).QuickCheckThrowOnFailure();
    }

    private static ProxyHeaderOutcome Parse(byte[] bytes) => ProxyHeaderParser.TryParse(new ReadOnlySequence<byte>(bytes), out _, out _);

    private static void AcceptsEverywhere(byte[] header, string? source)
    {
        byte[] followed = [.. header, .. "GET /ws"u8];
        for (int cut = 0; cut <= followed.Length; cut++)
        {
            if (cut < header.Length)
                Assert.Equal(ProxyHeaderOutcome.NeedMoreData, Parse(followed[..cut]));
            Accepts(Segments.Of(followed[..cut], followed[cut..]), header.Length, source);
        }
    }

    private static void Accepts(ReadOnlySequence<byte> input, int length, string? source)
    {
        Assert.Equal(ProxyHeaderOutcome.Accepted, ProxyHeaderParser.TryParse(input, out var address, out var consumed));
        Assert.Equal(source, address?.ToString());
        Assert.Equal(length, input.Slice(0, consumed).Length);
    }

    /// <summary>Refused once it is whole, however it is cut, and never taken for a header on the way.</summary>
    private static void RefusedEverywhere(byte[] bytes)
    {
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            Assert.NotEqual(ProxyHeaderOutcome.Accepted, Parse(bytes[..cut]));
            var input = Segments.Of(bytes[..cut], bytes[cut..]);
            Assert.Equal(ProxyHeaderOutcome.Refused, ProxyHeaderParser.TryParse(input, out var source, out var consumed));
            Assert.Null(source);
            Assert.Equal(0, input.Slice(0, consumed).Length);
        }
    }
}
