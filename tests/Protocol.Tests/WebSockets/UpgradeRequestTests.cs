using Gateway.Protocol.WebSockets;

namespace Gateway.Protocol.Tests.WebSockets;

public sealed class UpgradeRequestTests
{
    private const string Secret = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0.sig";

    [Fact]
    public void The_sample_handshake_of_RFC_6455_is_accepted()
    {
        var request = Handshake.Accepts(Handshake.Sample);

        Assert.Equal("/chat", request.Path);
        Assert.Equal("", request.Query);
        Assert.Equal("server.example.com", request.Host);
        Assert.Equal(Handshake.Key, request.Key);
        Assert.Equal("http://example.com", request.Origin);
        Assert.Equal(["chat", "superchat"], request.Subprotocols);
        Assert.Null(request.Authorization);
        Assert.Null(request.Cookie);
        Assert.Null(request.ForwardedFor);
    }

    [Fact]
    public void A_browser_behind_a_proxy_is_accepted()
    {
        var request = Handshake.Accepts(Handshake.Head("GET /ws?token=abc&x=%2F HTTP/1.1",
        [
            "Host: [2001:db8::1]:8080", "Connection: keep-alive, Upgrade", "Pragma: no-cache", "Cache-Control: no-cache",
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64)", "Upgrade: websocket", "Origin: https://example.com",
            "Sec-WebSocket-Version: 13", "Accept-Encoding: gzip, deflate, br", "Cookie: a=1; b=2",
            "Sec-WebSocket-Key: " + Handshake.Key, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
            "X-Forwarded-For: 192.0.2.7", "Authorization: Bearer abc.def", "Content-Length: 0",
        ]));

        Assert.Equal("/ws", request.Path);
        Assert.Equal("token=abc&x=%2F", request.Query);
        Assert.Equal("[2001:db8::1]:8080", request.Host);
        Assert.Equal("https://example.com", request.Origin);
        Assert.Equal("a=1; b=2", request.Cookie);
        Assert.Equal("192.0.2.7", request.ForwardedFor);
        Assert.Equal("Bearer abc.def", request.Authorization);
        Assert.Empty(request.Subprotocols);
    }

    [Fact]
    public void Lists_may_come_in_any_casing_and_over_several_headers()
    {
        var request = Handshake.Accepts(Handshake.Head("GET /ws HTTP/1.1",
        [
            "HOST:example.com", "upgrade:h2c", "uPGRADE:\tfoo , WebSocket\t", "Upgrade: bar",
            "connection: keep-alive", "connection: ,,UPGRADE,", "CONNECTION: x",
            "sec-websocket-key:" + Handshake.Key + "  ", "SEC-WEBSOCKET-VERSION: 13", "Sec-WebSocket-Protocol: b,a",
            "X-Forwarded-For: 192.0.2.1, 192.0.2.2", "sec-websocket-protocol: bearer." + Secret + " ,\tA", "x-forwarded-for: 192.0.2.3",
            "Cookie: a=1", "Cookie: b=2",
        ]));

        Assert.Equal(["b", "a", "bearer." + Secret, "A"], request.Subprotocols);
        Assert.Equal("192.0.2.1, 192.0.2.2, 192.0.2.3", request.ForwardedFor);
        Assert.Equal("a=1; b=2", request.Cookie);
        Assert.Equal("example.com", request.Host);
    }

    [Fact]
    public void Bytes_above_ASCII_in_a_value_are_kept_one_by_one() =>
        Assert.Equal("a=\u00e9\u00ff", Handshake.Accepts(Handshake.With("Cookie: a=\u00e9\u00ff")).Cookie);

    [Theory]
    [InlineData("token=abc", "token", "abc")]
    [InlineData("token=", "token", "")]
    [InlineData("token", "token", "")]
    [InlineData("a=1&token=x&token=y", "token", "x")]
    [InlineData("token=a=b", "token", "a=b")]
    [InlineData("token=a%2Eb%20c+d%2B", "token", "a.b c d+")]
    [InlineData("t%6Fken=abc", "token", "abc")]
    [InlineData("name=caf%C3%A9", "name", "caf\u00e9")]
    [InlineData("name=50%&x=%zz", "name", "50%")]
    [InlineData("name=50%&x=%zz", "x", "%zz")]
    [InlineData("xtoken=1&tokenx=2", "token", null)]
    [InlineData("Token=1", "token", null)]
    [InlineData("a=token", "token", null)]
    [InlineData("", "token", null)]
    public void A_query_value_is_the_first_of_its_name_decoded(string query, string name, string? expected) =>
        Assert.Equal(expected, Handshake.Accepts(Handshake.Requesting($"GET /ws?{query} HTTP/1.1")).QueryValue(name));

    [Fact]
    public void Only_the_first_question_mark_ends_the_path()
    {
        var request = Handshake.Accepts(Handshake.Requesting("GET /ws?a=1?b=2 HTTP/1.1"));

        Assert.Equal("/ws", request.Path);
        Assert.Equal("1?b=2", request.QueryValue("a"));
    }

    [Fact]
    public void Printing_a_request_never_shows_a_token()
    {
        var request = Handshake.Accepts(Handshake.Head($"GET /ws?token={Secret} HTTP/1.1",
        [
            .. Handshake.Required, $"Authorization: Bearer {Secret}", $"Cookie: session={Secret}",
            $"Sec-WebSocket-Protocol: bearer.{Secret}",
        ]));

        Assert.Contains(Secret, request.Query + request.Authorization + request.Cookie, StringComparison.Ordinal);
        Assert.Equal("GET /ws for example.com", request.ToString());
        Assert.Equal("GET /ws for example.com", $"{request}");
    }
}
