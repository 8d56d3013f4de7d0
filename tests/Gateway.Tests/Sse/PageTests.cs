using System.Net;
using Gateway.Tests.Auth;
using Gateway.TestSupport;
using static Gateway.Tests.Sse.Publishing;

namespace Gateway.Tests.Sse;

/// <summary>Access of browsers to streams and publishing: tokens, cookies and origins.</summary>
public sealed class PageTests(PageTests.WithCookie gateway) : IClassFixture<PageTests.WithCookie>
{
    private const string Page = "https://app.example.com";
    private const string ForbiddenOrigin = """{"error":"forbidden","message":"this origin is not allowed"}""";

    public static TheoryData<string> Places => ["header", "query", "cookie"];

    private int Port => gateway.Server.Server.PublicPort;

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_token_in_every_place_signs_in_for_streams_and_for_publishing(string place)
    {
        var (query, headers) = In(place, Token("ann"));
        await using var client = await SseClient.ConnectAsync(Port, "channel=news" + query, headers);
        Assert.Equal("ann", client.Connected.Text("user"));
        await client.ReceiveAsync("subscribed");

        using var request = SseClient.Request(HttpMethod.Post, Port, "/publish?" + query, headers);
        request.Content = new StringContent("""{"channel":"news","content":1}""");
        using var http = new HttpClient();
        using var reply = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.Equal("ann", (await client.ReceiveAsync("message")).Json.Text("sender"));
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_bad_token_in_every_place_is_refused_with_the_reason(string place)
    {
        var (query, headers) = In(place, TokenServer.Key.Token("ann", gateway.Server.Now.AddMinutes(-1)));
        foreach (var (method, path) in new[] { (HttpMethod.Get, "/sse?channel=news"), (HttpMethod.Post, "/publish?") })
        {
            using var reply = await AskAsync(method, Port, path + query, headers);

            Assert.Equal(HttpStatusCode.Unauthorized, reply.StatusCode);
            Assert.Equal("""{"error":"unauthorized","message":"token expired"}""", await reply.Content.ReadAsStringAsync());
            Assert.Equal("Bearer error=\"invalid_token\", error_description=\"token expired\"", reply.Headers.WwwAuthenticate.ToString());
        }
    }

    [Fact]
    public async Task Without_the_token_that_is_required_nobody_gets_in()
    {
        const string Needed = """{"error":"unauthorized","message":"a token is needed"}""";

        Assert.Equal((HttpStatusCode.Unauthorized, Needed), await GetAsync(Port, "/sse?channel=news"));
        Assert.Equal((HttpStatusCode.Unauthorized, Needed), await PostAsync(Port, """{"channel":"news","content":1}"""));
    }

    [Fact]
    public async Task A_cookie_is_believed_only_from_an_allowed_page()
    {
        string cookie = "Cookie: session=" + Token("ann");

        Assert.Equal(HttpStatusCode.Forbidden, (await GetAsync(Port, "/sse?channel=news", cookie)).Status);
        Assert.Equal(
            (HttpStatusCode.Forbidden, ForbiddenOrigin),
            await GetAsync(Port, "/sse?channel=news", cookie, "Origin: https://evil.example.org"));
        Assert.Equal(
            (HttpStatusCode.Forbidden, ForbiddenOrigin),
            await PostAsync(Port, """{"channel":"news","content":1}""", cookie, "Origin: https://evil.example.org"));
    }

    [Fact]
    public async Task Rights_hold_as_on_a_WebSocket()
    {
        string bearer = "Authorization: Bearer " + TokenServer.Key.Token(
            "bob", gateway.Server.Now.AddHours(1), ""","channels":{"read":["subscribe"],"write":["publish"]}""");

        Assert.Equal(HttpStatusCode.Forbidden, (await GetAsync(Port, "/sse?channel=write", bearer)).Status);
        Assert.Equal(
            (HttpStatusCode.Forbidden, """{"error":"forbidden","message":"not allowed in this channel"}"""),
            await PostAsync(Port, """{"channel":"read","content":1}""", bearer));
        await using var client = await SseClient.ConnectAsync(Port, "channel=read&channel=write&channel=user:bob", bearer);
        Assert.Equal("read", (await client.ReceiveAsync("subscribed")).Json.Text("channel"));
        Assert.Equal(
            ("forbidden", "write"),
            ((await client.ReceiveAsync("error")).Json is var error ? error.Text("code") : "", error.Text("channel")));
        Assert.Equal("user:bob", (await client.ReceiveAsync("subscribed")).Json.Text("channel"));
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(Port, """{"channel":"write","content":1}""", bearer)).Status);
    }

    [Fact]
    public async Task Channels_of_the_token_are_subscribed_to_and_recovered_like_those_of_the_request()
    {
        string bearer = "Authorization: Bearer " + TokenServer.Key.Token(
            "eve", gateway.Server.Now.AddHours(1), ""","subscriptions":["log:mine"],"channels":{"log:*":["publish"]}""");
        await using var client = await SseClient.ConnectAsync(Port, "", bearer);
        await client.ReceiveAsync("subscribed");
        await PostAsync(Port, """{"channel":"log:mine","content":1}""", bearer);

        await using var back = await SseClient.ConnectAsync(Port, "channel=log:mine", bearer, "Last-Event-ID: " + client.LastEventId);

        Assert.True((await back.ReceiveAsync("subscribed")).Json.GetProperty("recovered").GetBoolean());
        Assert.Equal(1, (await back.ReceiveAsync("message")).Json.Number("content"));
    }

    [Fact]
    public async Task A_script_of_an_allowed_page_may_read_the_answers()
    {
        string bearer = "Authorization: Bearer " + Token("ann");
        await using var client = await SseClient.ConnectAsync(Port, "channel=news", bearer, "Origin: " + Page);
        using var refused = await AskAsync(HttpMethod.Get, Port, "/sse?channel=news", "Origin: " + Page);
        using var other = await AskAsync(HttpMethod.Get, Port, "/sse?channel=news", bearer, "Origin: https://evil.example.org");

        Assert.Equal(Page, Header(client.Response, "Access-Control-Allow-Origin"));
        Assert.Equal("true", Header(client.Response, "Access-Control-Allow-Credentials"));
        Assert.Equal("Origin", Header(client.Response, "Vary"));
        Assert.Equal((HttpStatusCode.Unauthorized, Page), (refused.StatusCode, Header(refused, "Access-Control-Allow-Origin")));
        Assert.Equal((HttpStatusCode.Forbidden, null), (other.StatusCode, Header(other, "Access-Control-Allow-Origin")));
    }

    [Fact]
    public async Task A_page_that_is_allowed_may_publish_JSON_and_send_a_token()
    {
        using var allowed = await AskAsync(
            HttpMethod.Options,
            Port,
            "/publish",
            "Origin: " + Page,
            "Access-Control-Request-Method: POST",
            "Access-Control-Request-Headers: authorization,content-type");
        using var denied = await AskAsync(
            HttpMethod.Options, Port, "/publish", "Origin: https://evil.example.org", "Access-Control-Request-Method: POST");

        Assert.Equal((HttpStatusCode.NoContent, Page), (allowed.StatusCode, Header(allowed, "Access-Control-Allow-Origin")));
        Assert.Equal("POST", Header(allowed, "Access-Control-Allow-Methods"));
        Assert.Equal("Authorization, Content-Type, Last-Event-ID", Header(allowed, "Access-Control-Allow-Headers"));
        Assert.Equal((HttpStatusCode.Forbidden, null), (denied.StatusCode, Header(denied, "Access-Control-Allow-Origin")));
    }

    [Fact]
    public async Task Without_a_list_any_page_may_read_but_bring_no_cookies()
    {
        await using var server = await GatewayServer.StartAsync();
        await using var client = await SseClient.ConnectAsync(server.PublicPort, "channel=a", "Origin: https://example.net");

        Assert.Equal(
            ("*", null),
            (Header(client.Response, "Access-Control-Allow-Origin"), Header(client.Response, "Access-Control-Allow-Credentials")));
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    private string Token(string user) =>
        TokenServer.Key.Token(user, gateway.Server.Now.AddHours(1), ""","channels":{"*":["subscribe","publish"]}""");

    private static (string Query, string[] Headers) In(string place, string token) => place switch
    {
        "header" => ("", ["Authorization: Bearer " + token]),
        "query" => ("&token=" + token, []),
        _ => ("", ["Cookie: a=b; session=" + token, "Origin: " + Page]),
    };

    public sealed class WithCookie : IAsyncLifetime
    {
        public TokenServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() =>
            Server = await TokenServer.StartAsync("Auth:Cookie=session", "Origins=" + Page, "Namespaces:log:History=10");

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
