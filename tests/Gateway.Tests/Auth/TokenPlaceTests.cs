using System.Net.WebSockets;
using Gateway.TestSupport;

namespace Gateway.Tests.Auth;

/// <summary>The places where a handshake may carry a token, and their order.</summary>
public sealed class TokenPlaceTests(TokenPlaceTests.WithCookie gateway) : IClassFixture<TokenPlaceTests.WithCookie>
{
    private const string Page = "https://app.example.com";

    public static TheoryData<string> Places => ["header", "query", "subprotocol", "cookie"];

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_token_in_every_place_signs_in(string place)
    {
        var (path, headers) = In(place, Token("ann"));

        Assert.Equal("ann", await UserAsync(path, headers));
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_bad_token_in_every_place_is_refused_with_the_reason(string place)
    {
        var (path, headers) = In(place, TokenServer.Key.Token("ann", gateway.Server.Now.AddMinutes(-1)));

        var reply = await gateway.Server.AskAsync(path, headers);

        Assert.Equal((401, """{"error":"unauthorized","message":"token expired"}"""), (reply.Status, reply.Body));
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task The_first_of_the_places_that_holds_a_token_counts(string place)
    {
        var (path, headers) = In(place, Token("first"));
        var others = Places.Select(row => row.Data).SkipWhile(other => other != place).Skip(1).Select(other => In(other, Token("other")))
            .ToList();

        string target = others.Select(other => other.Path).Append(path).MaxBy(each => each.Length)!;
        Assert.Equal(
            "first",
            await UserAsync(target, [.. headers, .. others.SelectMany(other => other.Headers).Where(header => !headers.Contains(header))]));
    }

    [Theory]
    [InlineData("bearer ")]
    [InlineData("BEARER ")]
    [InlineData("Bearer   ")]
    public async Task The_scheme_of_the_header_has_no_case(string scheme) =>
        Assert.Equal("ann", await UserAsync("/ws", $"Authorization: {scheme}{Token("ann")}"));

    [Theory]
    [InlineData("Authorization: Basic YW5uOmFubg==")]
    [InlineData("Authorization: Bearer ")]
    [InlineData("Sec-WebSocket-Protocol: gateway.v1.json, bearer.")]
    [InlineData("Cookie: other=x; sessions=y")]
    public async Task A_place_without_a_token_is_passed_over(string header)
    {
        bool isCookie = header.StartsWith("Cookie", StringComparison.Ordinal);
        string target = isCookie ? "/ws?token=" + Token("ann") : "/ws";
        Assert.Equal(
            "ann", await UserAsync(target, header, "Origin: " + Page, isCookie ? "X: y" : "Cookie: session=" + Token("ann")));
    }

    [Theory]
    [InlineData("gateway.v1.json", "gateway.v1.json, bearer.{0}")]
    [InlineData("gateway.v1.json", "bearer.{0}, gateway.v1.json")]
    [InlineData(null, "bearer.{0}")]
    public async Task The_subprotocol_that_holds_the_token_is_never_sent_back(string? confirmed, string offered)
    {
        string token = Token("ann");
        await using var client = await RawWebSocket.ConnectTcpAsync(gateway.Server.Server.PublicPort);
        await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws", "Sec-WebSocket-Protocol: " + string.Format(null, offered, token)));

        string head = await client.ReadHeadAsync();

        Assert.Equal((101, confirmed), (HttpReply.Parse(head).Status, HttpReply.Parse(head)["Sec-WebSocket-Protocol"]));
        Assert.DoesNotContain("bearer", head, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("session={0}")]
    [InlineData("session=\"{0}\"")]
    [InlineData("a=b; session={0}; c=d")]
    public async Task The_cookie_is_found_among_others(string cookies) =>
        Assert.Equal("ann", await UserAsync("/ws", "Cookie: " + string.Format(null, cookies, Token("ann")), "Origin: " + Page));

    [Fact]
    public async Task A_cookie_without_an_Origin_is_refused()
    {
        var reply = await gateway.Server.AskAsync("/ws", "Cookie: session=" + Token("ann"));

        Assert.Equal((403, "forbidden"), (reply.Status, reply.Json("error")));
    }

    [Fact]
    public async Task A_cookie_from_another_page_is_refused()
    {
        var reply = await gateway.Server.AskAsync("/ws", "Cookie: session=" + Token("ann"), "Origin: https://evil.example.org");

        Assert.Equal((403, """{"error":"forbidden","message":"this origin is not allowed"}"""), (reply.Status, reply.Body));
    }

    [Fact]
    public async Task Programs_send_no_Origin_and_need_none_with_a_token_of_their_own() =>
        Assert.Equal("ann", await UserAsync("/ws?token=" + Token("ann")));

    [Fact]
    public async Task An_upgrade_that_is_not_the_first_request_of_its_connection_is_judged_alike()
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(gateway.Server.Server.PublicPort);
        await client.SendTextAsync("GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n");
        Assert.Equal(200, (await client.ReadReplyAsync()).Status);
        await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws?token=x"));

        var reply = await client.ReadReplyAsync();

        Assert.Equal((401, "unauthorized"), (reply.Status, reply.Json("error")));
        Assert.Equal($"Bearer error=\"invalid_token\", error_description=\"{reply.Json("message")}\"", reply["WWW-Authenticate"]);
    }

    [Fact]
    public async Task The_platforms_own_client_signs_in_by_header_and_by_cookie()
    {
        await using var byHeader = await JsonClient.ConnectAsync(
            gateway.Server.Server.WebSocketUri, options => options.SetRequestHeader("Authorization", "Bearer " + Token("ann")));
        await using var byCookie = await JsonClient.ConnectAsync(
            gateway.Server.Server.WebSocketUri, options => WithCookieOf(options, Token("bob")));

        Assert.Equal(("ann", "bob"), (byHeader.User, byCookie.User));
    }

    private static void WithCookieOf(ClientWebSocketOptions options, string token)
    {
        options.SetRequestHeader("Origin", Page);
        options.SetRequestHeader("Cookie", "session=" + token);
    }

    private string Token(string user) => TokenServer.Key.Token(user, gateway.Server.Now.AddHours(1));

    private static (string Path, string[] Headers) In(string place, string token) => place switch
    {
        "header" => ("/ws", ["Authorization: Bearer " + token]),
        "query" => ("/ws?a=b&token=" + token, []),
        "subprotocol" => ("/ws", ["Sec-WebSocket-Protocol: gateway.v1.json, bearer." + token]),
        _ => ("/ws", ["Cookie: session=" + token, "Origin: " + Page]),
    };

    private async Task<string> UserAsync(string path, params string[] headers)
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(gateway.Server.Server.PublicPort);
        await client.SendTextAsync(RawWebSocket.UpgradeRequest(path, headers));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        return (await client.ReadMessageAsync()).Text("user");
    }

    public sealed class WithCookie : IAsyncLifetime
    {
        public TokenServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await TokenServer.StartAsync("Auth:Cookie=session", "Origins=" + Page);

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
