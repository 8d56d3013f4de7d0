using System.Net;
using System.Net.WebSockets;
using Gateway.Tests.Sse;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Auth;

/// <summary>Signing in with a first message, and connections without a token.</summary>
public sealed class SignInTests
{
    /// <summary>The challenge of RFC 6750 section 3.</summary>
    private const string OtherAudience = "Bearer error=\"invalid_token\", error_description=\"the token is for another audience\"";

    /// <summary>The audit log's event for a connection's end.</summary>
    private const int Ended = 101;

    [Fact]
    public async Task Auth_is_answered_with_connected()
    {
        await using var server = await TokenServer.StartAsync();
        await using var client = await server.OpenAsync();
        string token = TokenServer.Key.Token("ann", server.Now.AddMinutes(5));

        var connected = await client.AskAsync($$"""{"type":"auth","token":"{{token}}"}""", "connected");

        Assert.Equal(("ann", server.Now.AddMinutes(5).ToUnixTimeSeconds()), (connected.Text("user"), connected.Number("expires")));
        await client.AskAsync("""{"type":"ping"}""", "pong");
    }

    [Theory]
    [InlineData("subscribe", "\"channel\":\"news\"")]
    [InlineData("unsubscribe", "\"channel\":\"news\"")]
    [InlineData("message", "\"channel\":\"news\",\"content\":1")]
    [InlineData("presence", "\"channel\":\"news\"")]
    [InlineData("history", "\"channel\":\"news\"")]
    [InlineData("refresh", "\"token\":\"x\"")]
    [InlineData("dance", "\"x\":1")]
    public async Task Before_signing_in_all_but_auth_and_ping_is_unauthorized(string type, string fields)
    {
        await using var server = await TokenServer.StartAsync("Namespaces:default:Subscribe=anyone", "Namespaces:default:Publish=anyone");
        await using var client = await server.OpenAsync();

        var error = await client.AskAsync($$"""{"type":"{{type}}",{{fields}},"id":1}""", "error");

        Assert.Equal(("unauthorized", 1), (error.Text("code"), error.Number("id")));
        await client.AskAsync("""{"type":"ping"}""", "pong");
        await client.AskAsync($$"""{"type":"auth","token":"{{TokenServer.Key.Token("ann")}}"}""", "connected");
    }

    [Fact]
    public async Task Auth_with_a_bad_token_gets_the_reason_and_is_closed_with_4001()
    {
        await using var server = await TokenServer.StartAsync();
        await using var client = await server.OpenAsync();
        string token = TokenServer.Key.Token("ann", server.Now.AddMinutes(-5));

        var error = await client.AskAsync($$"""{"type":"auth","token":"{{token}}","id":"a"}""", "error");

        Assert.Equal(("unauthorized", "token expired", "a"), (error.Text("code"), error.Text("message"), error.Text("id")));
        await ClosedAsync(client, 4001, "token expired", reconnect: false);
    }

    [Theory]
    [InlineData(""","aud":"elsewhere" """, "the token is for another audience")]
    [InlineData(""","aud":"here","info":1""", "the token's claim 'info' must be an object")]
    [InlineData(""","aud":"here","channel":"news" """, "the token is for subscribing to a channel, not for signing in")]
    public async Task The_fault_of_a_token_is_in_the_error_the_close_reason_and_the_audit_log(string claims, string words)
    {
        using var log = new RecordedLog();
        await using var server = await GatewayServer.StartAsync(
            ["Auth:Secret=" + TokenServer.Secret, "Auth:Audience=here"], services => services.AddSingleton<ILoggerProvider>(log));
        await using var client = await JsonClient.OpenAsync(server.WebSocketUri);
        string token = TokenServer.Key.Token("ann", more: claims);

        Assert.Equal(words, (await client.AskAsync($$"""{"type":"auth","token":"{{token}}"}""", "error")).Text("message"));
        await ClosedAsync(client, 4001, words, reconnect: false);

        await Eventually.TrueAsync(() => log.Of(Ended).Count == 1, "the end is logged");
        Assert.EndsWith($" ended with 4001: {words}.", log.Of(Ended)[0], StringComparison.Ordinal);
        Assert.DoesNotContain(log.Lines, line => token.Split('.').Any(part => line.Text.Contains(part, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_fault_of_a_token_is_in_the_answer_to_an_upgrade_and_in_its_challenge()
    {
        await using var server = await TokenServer.StartAsync("Auth:Audience=here");

        var reply = await server.AskAsync("/ws?token=" + TokenServer.Key.Token("ann", more: ""","aud":"elsewhere" """));

        Assert.Equal((401, "unauthorized"), (reply.Status, reply.Json("error")));
        Assert.Equal("the token is for another audience", reply.Json("message"));
        Assert.Equal(OtherAudience, reply["WWW-Authenticate"]);
    }

    [Theory]
    [InlineData("GET", "/sse?channel=news")]
    [InlineData("POST", "/publish")]
    public async Task The_fault_is_in_the_answer_to_any_other_request_and_a_missing_token_is_no_fault(string method, string path)
    {
        await using var server = await TokenServer.StartAsync("Auth:Audience=here");
        int port = server.Server.PublicPort;
        string token = TokenServer.Key.Token("ann", more: ""","aud":"elsewhere" """);

        using var bad = await Publishing.AskAsync(new HttpMethod(method), port, path, "Authorization: Bearer " + token);
        using var none = await Publishing.AskAsync(new HttpMethod(method), port, path);

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (bad.StatusCode, none.StatusCode));
        Assert.Equal(
            """{"error":"unauthorized","message":"the token is for another audience"}""",
            await bad.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(OtherAudience, bad.Headers.WwwAuthenticate.ToString());
        Assert.Equal("Bearer", none.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task Auth_of_a_user_with_all_its_connections_is_closed_with_1013_until_one_leaves()
    {
        await using var server = await TokenServer.StartAsync("Limits:ConnectionsPerUser=1");
        string token = TokenServer.Key.Token("ann", server.Now.AddHours(1));
        await using (await server.WithAsync(token))
        {
            await using var second = await server.OpenAsync();
            await second.SendAsync($$"""{"type":"auth","token":"{{token}}"}""");
            await ClosedAsync(second, 1013, "too many connections", reconnect: true);
        }
        await Eventually.TrueAsync(() => server.Server.Connections.Count == 0, "both have left");

        await using var third = await server.OpenAsync();
        await third.AskAsync($$"""{"type":"auth","token":"{{token}}"}""", "connected");
    }

    [Fact]
    public async Task A_client_that_does_not_sign_in_within_the_timeout_is_closed_with_4001()
    {
        await using var server = await TokenServer.StartAsync("Auth:Timeout=00:00:10");
        await using var client = await server.OpenAsync();
        await client.AskAsync("""{"type":"ping"}""", "pong");

        server.Time.Advance(TimeSpan.FromSeconds(9));
        await client.AskAsync("""{"type":"ping"}""", "pong");
        server.Time.Advance(TimeSpan.FromSeconds(1));

        await ClosedAsync(client, 4001, "no token within 10 s", reconnect: false);
    }

    [Fact]
    public async Task A_client_that_signed_in_is_not_closed_by_the_timeout()
    {
        await using var server = await TokenServer.StartAsync("Auth:Timeout=00:00:10");
        await using var client = await server.OpenAsync();
        await client.AskAsync($$"""{"type":"auth","token":"{{TokenServer.Key.Token("ann")}}"}""", "connected");

        server.Time.Advance(TimeSpan.FromSeconds(20));

        await client.AskAsync("""{"type":"ping"}""", "pong");
    }

    [Fact]
    public async Task Signing_in_twice_is_a_mistake_and_changes_nothing()
    {
        await using var server = await TokenServer.StartAsync();
        await using var client = await server.ConnectAsync("ann");

        var error = await client.AskAsync($$"""{"type":"auth","token":"{{TokenServer.Key.Token("bob")}}","id":1}""", "error");

        Assert.Equal(("bad_request", 1), (error.Text("code"), error.Number("id")));
        await client.AskAsync("""{"type":"ping"}""", "pong");
    }

    [Fact]
    public async Task Where_tokens_are_not_required_a_connection_without_one_is_anonymous()
    {
        await using var server = await TokenServer.StartAsync("Auth:Required=false");
        await using var client = await JsonClient.ConnectAsync(server.Server);

        Assert.Equal("anonymous-" + client.ConnectionId, client.User);
        server.Time.Advance(TimeSpan.FromSeconds(20));
        await client.AskAsync("""{"type":"ping"}""", "pong");
    }

    [Fact]
    public async Task An_anonymous_connection_can_sign_in_before_it_subscribes()
    {
        await using var server = await TokenServer.StartAsync("Auth:Required=false", "Namespaces:default:Subscribe=anyone");
        await using var early = await JsonClient.ConnectAsync(server.Server);
        await using var late = await JsonClient.ConnectAsync(server.Server);
        string auth = $$"""{"type":"auth","token":"{{TokenServer.Key.Token("ann")}}"}""";
        await late.SubscribeAsync("news");

        var connected = await early.AskAsync(auth, "connected");

        Assert.Equal(("ann", early.ConnectionId), (connected.Text("user"), connected.Text("connection")));
        Assert.Equal("bad_request", (await late.AskAsync(auth, "error")).Text("code"));
    }

    [Fact]
    public async Task Where_tokens_are_not_required_a_bad_one_is_refused_all_the_same()
    {
        await using var server = await TokenServer.StartAsync("Auth:Required=false");

        Assert.Equal(401, (await server.AskAsync("/ws?token=x")).Status);
    }

    [Fact]
    public async Task An_anonymous_connection_has_nothing_to_refresh()
    {
        await using var server = await TokenServer.StartAsync("Auth:Required=false");
        await using var client = await JsonClient.ConnectAsync(server.Server);

        Assert.Equal(
            "bad_request",
            (await client.AskAsync($$"""{"type":"refresh","token":"{{TokenServer.Key.Token("ann")}}"}""", "error")).Text("code"));
    }

    [Fact]
    public async Task Presence_shows_the_info_of_the_token_as_it_was_written()
    {
        await using var server = await TokenServer.StartAsync("Namespaces:room:Presence=true", "Namespaces:room:Subscribe=signed-in");
        await using var ann = await server.ConnectAsync("ann", """,  "info":{"name":"Änn", "n":1.50}""");

        var subscribed = await ann.SubscribeAsync("room:1");

        Assert.Equal("""{"name":"Änn", "n":1.50}""", subscribed.GetProperty("info").Raw("ann"));
    }

    [Fact]
    public async Task Issuer_and_audience_are_checked_where_configured()
    {
        await using var server = await TokenServer.StartAsync("Auth:Issuer=https://id.example.com", "Auth:Audience=gateway");
        const string Right = """,  "iss":"https://id.example.com","aud":["other","gateway"]""";
        await using var client = await server.ConnectAsync("ann", Right);
        await using var single = await server.ConnectAsync(
            "ann", Right.Replace("[\"other\",\"gateway\"]", "\"gateway\"", StringComparison.Ordinal));

        Assert.Equal("the token is from another issuer", await RefusalAsync(server, ""","aud":"gateway" """));
        Assert.Equal(
            "the token is from another issuer", await RefusalAsync(server, ""","iss":"https://id.example.com.evil","aud":"gateway" """));
        Assert.Equal("the token is for another audience", await RefusalAsync(server, ""","iss":"https://id.example.com" """));
        Assert.Equal(
            "the token is for another audience", await RefusalAsync(server, ""","iss":"https://id.example.com","aud":"gateway2" """));
    }

    private static async Task<string?> RefusalAsync(TokenServer server, string claims)
    {
        var reply = await server.AskAsync("/ws?token=" + TokenServer.Key.Token("ann", more: claims));
        Assert.Equal(401, reply.Status);
        return reply.Json("message");
    }

    internal static async Task ClosedAsync(JsonClient client, int code, string reason, bool reconnect)
    {
        var disconnect = await client.ReceiveAsync("disconnect");
        Assert.Equal(
            (code, reason, reconnect),
            (disconnect.Number("code"), disconnect.Text("reason"), disconnect.GetProperty("reconnect").GetBoolean()));
        Assert.Null(await client.ReceiveTextAsync());
        Assert.Equal(((WebSocketCloseStatus?)code, reason), (client.Socket.CloseStatus, client.Socket.CloseStatusDescription));
    }
}
