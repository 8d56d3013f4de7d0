using FsCheck;
using FsCheck.Fluent;

namespace Gateway.Protocol.Tests.WebSockets;

public sealed class UpgradeRoundTripTests
{
    private static readonly (string Name, string Value)[] Fields =
    [
        ("Host", "example.com:8080"), ("Upgrade", "websocket"), ("Connection", "keep-alive, Upgrade"),
        ("Sec-WebSocket-Key", Handshake.Key), ("Sec-WebSocket-Version", "13"), ("Origin", "https://example.com"),
        ("Authorization", "Bearer abc"), ("Cookie", "a=1"), ("X-Forwarded-For", "192.0.2.1"), ("Accept", "*/*"),
    ];

    private static readonly string[] Names = ["gateway.v1.json", "bearer.a.b-c_d", "x", "X", "!#$%&'*+-.^_`|~"];

    private static Gen<string> Blanks => Gen.Elements(' ', '\t').ArrayOf().Resize(3).Select(blanks => new string(blanks));

    /// <summary>Any order of the headers, casing of their names and blanks around their values means the same.</summary>
    [Fact]
    public void Order_casing_and_blanks_of_headers_do_not_matter()
    {
        var heads =
            from names in Gen.Shuffle(Names)
            from count in Gen.Choose(1, Names.Length)
            from separator in Gen.Zip(Blanks, Blanks)
            let offered = names[..count]
            let list = string.Join(separator.Item1 + "," + separator.Item2, offered)
            from fields in Gen.Shuffle<(string Name, string Value)>([.. Fields, ("Sec-WebSocket-Protocol", list)])
            from lines in Gen.CollectToArray(fields, field => Line(field.Name, field.Value))
            select (Head: Handshake.Head("GET /ws?a=1 HTTP/1.1", lines), Offered: offered);

        Prop.ForAll(heads.ToArbitrary(), generated =>
        {
            var request = Handshake.Accepts(generated.Head);
            Assert.Equal("/ws", request.Path);
            Assert.Equal("a=1", request.Query);
            Assert.Equal("example.com:8080", request.Host);
            Assert.Equal(Handshake.Key, request.Key);
            Assert.Equal("https://example.com", request.Origin);
            Assert.Equal("Bearer abc", request.Authorization);
            Assert.Equal("a=1", request.Cookie);
            Assert.Equal("192.0.2.1", request.ForwardedFor);
            Assert.Equal(generated.Offered, request.Subprotocols);
        }).QuickCheckThrowOnFailure();
    }

    private static Gen<string> Line(string name, string value) =>
        from upper in Gen.Elements(true, false).ArrayOf(name.Length)
        from before in Blanks
        from after in Blanks
        select string.Concat(name.Zip(upper, (c, up) => up ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c))) +
            ":" + before + value + after;
}
