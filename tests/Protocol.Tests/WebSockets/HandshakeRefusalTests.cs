using Gateway.Protocol.WebSockets;

namespace Gateway.Protocol.Tests.WebSockets;

public sealed class HandshakeRefusalTests
{
    [Theory]
    [InlineData("POST /ws HTTP/1.1")]
    [InlineData("get /ws HTTP/1.1")]
    [InlineData(" /ws HTTP/1.1")]
    public void Only_GET_can_upgrade(string line) =>
        Assert.Equal(HandshakeRefusal.MethodNotGet, Handshake.Refuses(Handshake.Requesting(line)));

    [Theory]
    [InlineData("GET http://example.com/ws HTTP/1.1")]
    [InlineData("GET * HTTP/1.1")]
    [InlineData("GET ws HTTP/1.1")]
    [InlineData("GET  HTTP/1.1")]
    public void The_target_is_in_origin_form(string line) =>
        Assert.Equal(HandshakeRefusal.TargetNotOriginForm, Handshake.Refuses(Handshake.Requesting(line)));

    [Theory]
    [InlineData("GET /ws#top HTTP/1.1")]
    [InlineData("GET /ws?a#b HTTP/1.1")]
    public void The_target_has_no_fragment(string line) =>
        Assert.Equal(HandshakeRefusal.TargetFragment, Handshake.Refuses(Handshake.Requesting(line)));

    [Theory]
    [InlineData("GET /ws\0 HTTP/1.1")]
    [InlineData("GET /\u00e9 HTTP/1.1")]
    [InlineData("GET /ws\t HTTP/1.1")]
    [InlineData("GET /\u007f HTTP/1.1")]
    public void The_request_line_is_visible_ASCII(string line) =>
        Assert.Equal(HandshakeRefusal.RequestLineCharacters, Handshake.Refuses(Handshake.Requesting(line)));

    [Theory]
    [InlineData("GET")]
    [InlineData("GET /ws")]
    [InlineData("GET  /ws HTTP/1.1")]
    [InlineData("GET /ws HTTP/1.1 ")]
    [InlineData("GET /w s HTTP/1.1")]
    public void The_request_line_has_three_parts(string line) =>
        Assert.Equal(HandshakeRefusal.RequestLineMalformed, Handshake.Refuses(Handshake.Requesting(line)));

    [Theory]
    [InlineData("GET /ws HTTP/1.0")]
    [InlineData("GET /ws HTTP/1.10")]
    [InlineData("GET /ws HTTP/2.0")]
    [InlineData("GET /ws http/1.1")]
    [InlineData("GET /ws ")]
    public void The_version_is_exactly_1_1(string line) =>
        Assert.Equal(HandshakeRefusal.HttpVersion, Handshake.Refuses(Handshake.Requesting(line)));

    [Fact]
    public void An_empty_line_before_the_request_is_refused_at_once() =>
        Assert.Equal(HandshakeRefusal.EmptyFirstLine, Handshake.Refuses("\r\n"));

    [Theory]
    [InlineData("X-A: 1\nX-B: 2")]
    [InlineData("X-A: 1\rX-B: 2")]
    [InlineData("X-A: 1\r")]
    [InlineData("X-A: \r1")]
    [InlineData("\r")]
    public void A_bare_CR_or_LF_is_refused(string line) =>
        Assert.Equal(HandshakeRefusal.LineEnding, Handshake.Refuses(Handshake.With(line)));

    [Fact]
    public void A_head_with_bare_LFs_gets_an_answer_instead_of_waiting() =>
        Assert.Equal(HandshakeRefusal.LineEnding, Handshake.Refuses(Handshake.Sample.Replace("\r", "", StringComparison.Ordinal)));

    [Fact]
    public void A_bare_LF_at_the_end_is_refused() =>
        Assert.Equal(HandshakeRefusal.LineEnding, Handshake.Refuses(Handshake.Sample[..^2] + "\n"));

    [Fact]
    public void A_bare_LF_after_the_request_line_is_refused() => Assert.Equal(
        HandshakeRefusal.LineEnding,
        Handshake.Refuses(Handshake.Sample.Replace("HTTP/1.1\r\n", "HTTP/1.1\n", StringComparison.Ordinal)));

    [Theory]
    [InlineData(" folded")]
    [InlineData("\tfolded: yes")]
    public void A_folded_header_is_refused(string line) =>
        Assert.Equal(HandshakeRefusal.HeaderFolded, Handshake.Refuses(Handshake.With("X-A: 1", line)));

    [Fact]
    public void A_header_without_a_colon_is_refused() =>
        Assert.Equal(HandshakeRefusal.HeaderWithoutColon, Handshake.Refuses(Handshake.With("X-A 1")));

    [Theory]
    [InlineData("X-A : 1")]
    [InlineData("X-A\t: 1")]
    public void A_blank_before_the_colon_is_refused(string line) =>
        Assert.Equal(HandshakeRefusal.HeaderNameBlank, Handshake.Refuses(Handshake.With(line)));

    [Theory]
    [InlineData(": 1")]
    [InlineData("X A: 1")]
    [InlineData("X(A): 1")]
    [InlineData("X\0A: 1")]
    [InlineData("\u00c9: 1")]
    public void A_header_name_is_a_token(string line) =>
        Assert.Equal(HandshakeRefusal.HeaderName, Handshake.Refuses(Handshake.With(line)));

    [Theory]
    [InlineData("X-A: \0")]
    [InlineData("X-A: a\u0001b")]
    [InlineData("X-A: \u001f")]
    [InlineData("X-A: \u007f")]
    public void A_control_character_in_a_value_is_refused(string line) =>
        Assert.Equal(HandshakeRefusal.HeaderValue, Handshake.Refuses(Handshake.With(line)));

    [Fact]
    public void A_tab_in_a_value_is_fine() => Handshake.Accepts(Handshake.With("X-A: a\tb", "X-Empty:"));

    [Theory]
    [InlineData("Transfer-Encoding: chunked")]
    [InlineData("transfer-encoding:")]
    [InlineData("Content-Length: 1")]
    [InlineData("Content-Length: 00")]
    [InlineData("Content-Length: +0")]
    [InlineData("content-length: 0, 0")]
    [InlineData("Content-Length:")]
    public void A_body_is_refused(string line) => Assert.Equal(HandshakeRefusal.Body, Handshake.Refuses(Handshake.With(line)));

    [Theory]
    [InlineData]
    [InlineData("Host:")]
    [InlineData("Host: \t ")]
    public void A_host_is_required(params string[] lines) =>
        Assert.Equal(HandshakeRefusal.HostMissing, Handshake.Refuses(Handshake.Replacing("Host", lines)));

    [Theory]
    [InlineData("Host: a b")]
    [InlineData("Host: a/b")]
    [InlineData("Host: user@a")]
    [InlineData("Host: a?b")]
    [InlineData("Host: \u00e9")]
    public void The_host_is_one_host(string line) =>
        Assert.Equal(HandshakeRefusal.HostMalformed, Handshake.Refuses(Handshake.Replacing("Host", line)));

    [Theory]
    [InlineData]
    [InlineData("Upgrade: h2c")]
    [InlineData("Upgrade: websocket2, websocke")]
    [InlineData("Upgrade: websocket/13")]
    public void The_upgrade_names_websocket(params string[] lines) =>
        Assert.Equal(HandshakeRefusal.UpgradeMissing, Handshake.Refuses(Handshake.Replacing("Upgrade", lines)));

    [Theory]
    [InlineData]
    [InlineData("Connection: keep-alive")]
    [InlineData("Connection: Upgrades, Upgrad")]
    [InlineData("Connection: close; Upgrade")]
    public void The_connection_names_upgrade(params string[] lines) =>
        Assert.Equal(HandshakeRefusal.ConnectionMissing, Handshake.Refuses(Handshake.Replacing("Connection", lines)));

    [Theory]
    [InlineData]
    [InlineData("Sec-WebSocket-Version:")]
    [InlineData("Sec-WebSocket-Version: 8")]
    [InlineData("Sec-WebSocket-Version: 013")]
    [InlineData("Sec-WebSocket-Version: 13, 8")]
    public void The_version_is_13(params string[] lines)
    {
        var refusal = Handshake.Refuses(Handshake.Replacing("Sec-WebSocket-Version", lines));

        Assert.Equal(HandshakeRefusal.Version, refusal);
        Assert.Equal(426, refusal.StatusCode);
    }

    [Fact]
    public void A_key_is_required() =>
        Assert.Equal(HandshakeRefusal.KeyMissing, Handshake.Refuses(Handshake.Replacing("Sec-WebSocket-Key")));

    [Theory]
    [InlineData("")]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ")]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ=")]
    [InlineData("dGhlIHNhbXBsZSBub25j")]
    [InlineData("dGhlIHNhbXBsZSBub25jZWU=")]
    [InlineData("dGhlIHNhbXBsZSBub25jZWVl")]
    [InlineData("dGhlIHNhbXBsZSBub25jZWVlZQ==")]
    [InlineData("dGhlIHNhbXBsZSBub25jZ-==")]
    [InlineData("dGhl IHNhbXBsZSBub25jZQ==")]
    [InlineData("dGhl    IHNhbXBsZSBub25j")]
    [InlineData("dGhlIHNhbXBsZSBub25jZ\u00e9==")]
    public void The_key_is_the_base64_of_16_bytes(string key) =>
        Assert.Equal(
            HandshakeRefusal.KeyMalformed, Handshake.Refuses(Handshake.Replacing("Sec-WebSocket-Key", "Sec-WebSocket-Key: " + key)));

    [Theory]
    [InlineData("")]
    [InlineData("http://a http://b")]
    [InlineData("http://\u00e9")]
    [InlineData("http://a\tb")]
    public void The_origin_is_one_origin(string origin) =>
        Assert.Equal(HandshakeRefusal.OriginMalformed, Handshake.Refuses(Handshake.With("Origin: " + origin)));

    [Fact]
    public void An_opaque_origin_is_kept_for_the_policy_to_judge() =>
        Assert.Equal("null", Handshake.Accepts(Handshake.With("Origin: null")).Origin);

    [Theory]
    [InlineData("Host", "example.com")]
    [InlineData("Sec-WebSocket-Key", Handshake.Key)]
    [InlineData("Sec-WebSocket-Version", "13")]
    [InlineData("Origin", "http://example.com")]
    [InlineData("Authorization", "Bearer a")]
    public void What_decides_is_sent_once(string name, string value)
    {
        string head = Handshake.Replacing(name, $"{name}: {value}", $"{name.ToUpperInvariant()}: {value}");

        Assert.Equal(HandshakeRefusal.Repeated(name), Handshake.Refuses(head));
    }

    [Theory]
    [InlineData("")]
    [InlineData(",")]
    [InlineData("a,")]
    [InlineData("a,,b")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("\u00e9")]
    public void Subprotocols_are_tokens(string list) =>
        Assert.Equal(HandshakeRefusal.SubprotocolMalformed, Handshake.Refuses(Handshake.With("Sec-WebSocket-Protocol: " + list)));

    [Theory]
    [InlineData("Sec-WebSocket-Protocol: a, b, a")]
    [InlineData("Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: a")]
    public void A_subprotocol_is_offered_once(params string[] lines) =>
        Assert.Equal(HandshakeRefusal.SubprotocolRepeated, Handshake.Refuses(Handshake.With(lines)));

    [Fact]
    public void A_hundred_headers_are_accepted_and_one_more_is_not()
    {
        string[] fill = [.. Enumerable.Range(0, HandshakeRequestParser.MaxHeaders - Handshake.Required.Length).Select(i => $"X-{i}: 1")];

        Handshake.Accepts(Handshake.With(fill));
        var refusal = Handshake.Refuses(Handshake.With([.. fill, "X: 1"]));

        Assert.Equal(new HandshakeRefusal(431, "limit_exceeded", "the request head has more than 100 headers"), refusal);
    }

    [Fact]
    public void A_head_may_fill_the_limit_and_not_pass_it()
    {
        Handshake.Accepts(Handshake.Sample, Handshake.Sample.Length);
        var refusal = Handshake.Refuses(Handshake.Sample, Handshake.Sample.Length - 1);

        Assert.Equal(431, refusal.StatusCode);
        Assert.Equal($"the request head has more than {Handshake.Sample.Length - 1} bytes", refusal.Message);
    }

    [Fact]
    public void Bytes_after_the_head_do_not_count_toward_its_limit()
    {
        byte[] bytes = Handshake.Bytes(Handshake.Sample + new string('x', 100_000));

        var outcome = HandshakeRequestParser.TryParse(new(bytes), Handshake.Sample.Length, out _, out _, out _);

        Assert.Equal(HandshakeOutcome.Accepted, outcome);
    }
}
