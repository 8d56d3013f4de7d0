using Gateway.TestSupport;

namespace Gateway.Tests.Auth;

/// <summary>Connections that outlive their tokens: refreshing, the grace period and the end.</summary>
public sealed class ExpiryTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_token_that_expires_is_announced_and_25_seconds_later_the_connection_is_closed_with_4010()
    {
        await using var server = await TokenServer.StartAsync();
        await using var client = await server.WithAsync(TokenServer.Key.Token("ann", server.Now.AddSeconds(60)));

        server.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.True(await client.HearsOnlyPongAsync());
        server.Time.Advance(Tick);
        var error = await client.ReceiveAsync("error");
        server.Time.Advance(TimeSpan.FromSeconds(24));

        Assert.Equal(
            ("unauthorized", "token expired; the connection is closed unless it is refreshed within 25 s"),
            (error.Text("code"), error.Text("message")));
        Assert.True(await client.HearsOnlyPongAsync());
        server.Time.Advance(Tick);
        await SignInTests.ClosedAsync(client, 4010, "token expired", reconnect: true);
    }

    [Fact]
    public async Task A_refresh_in_time_keeps_the_connection()
    {
        await using var server = await TokenServer.StartAsync();
        await using var client = await server.WithAsync(TokenServer.Key.Token("ann", server.Now.AddSeconds(60)));

        var refreshed = await RefreshAsync(client, TokenServer.Key.Token("ann", server.Now.AddSeconds(100)), "refreshed");
        server.Time.Advance(TimeSpan.FromSeconds(99));

        Assert.Equal((server.Now.AddSeconds(1).ToUnixTimeSeconds(), "r"), (refreshed.Number("expires"), refreshed.Text("id")));
        Assert.True(await client.HearsOnlyPongAsync());
        server.Time.Advance(Tick);
        Assert.Equal("unauthorized", (await client.ReceiveAsync("error")).Text("code"));
    }

    [Fact]
    public async Task A_refresh_within_the_grace_keeps_the_connection_too()
    {
        await using var server = await TokenServer.StartAsync();
        await using var client = await server.WithAsync(TokenServer.Key.Token("ann", server.Now.AddSeconds(60)));
        server.Time.Advance(TimeSpan.FromSeconds(80));
        await client.ReceiveAsync("error");

        await RefreshAsync(client, TokenServer.Key.Token("ann"), "refreshed");
        server.Time.Advance(TimeSpan.FromSeconds(3000));

        Assert.True(await client.HearsOnlyPongAsync());
    }

    [Theory]
    [InlineData("bob", 60, "the token is of another user")]
    [InlineData("ann", -60, "token expired")]
    public async Task A_refresh_that_will_not_do_is_an_error_and_the_old_token_holds(string user, int expires, string problem)
    {
        await using var server = await TokenServer.StartAsync();
        await using var client = await server.WithAsync(TokenServer.Key.Token("ann", server.Now.AddSeconds(60)));

        var error = await RefreshAsync(client, TokenServer.Key.Token(user, server.Now.AddSeconds(expires)), "error");

        Assert.Equal(("unauthorized", problem, "r"), (error.Text("code"), error.Text("message"), error.Text("id")));
        Assert.True(await client.HearsOnlyPongAsync());
        server.Time.Advance(TimeSpan.FromSeconds(60));
        await client.ReceiveAsync("error");
    }

    [Fact]
    public async Task A_refresh_replaces_the_capabilities_and_ends_what_they_no_longer_allow()
    {
        await using var server = await TokenServer.StartAsync("Namespaces:free:Subscribe=anyone");
        await using var client = await server.ConnectAsync("ann", Channels("""{"a":["subscribe","publish"],"b":["subscribe"]}"""));
        foreach (string channel in new[] { "a", "b", "free:1" })
            await client.SubscribeAsync(channel);

        await RefreshAsync(
            client, TokenServer.Key.Token("ann", more: Channels("""{"b":["subscribe","publish"],"c":["subscribe"]}""")), "refreshed");
        var unsubscribed = await client.ReceiveAsync("unsubscribed");

        Assert.Equal(("a", "forbidden"), (unsubscribed.Text("channel"), unsubscribed.Text("code")));
        await client.SubscribeAsync("c");
        Assert.Equal("forbidden", (await client.AskAsync("""{"type":"subscribe","channel":"a"}""", "error")).Text("code"));
        Assert.Equal("forbidden", (await client.AskAsync("""{"type":"message","channel":"a","content":1}""", "error")).Text("code"));
        await client.PublishAsync("b", "1");
        Assert.Equal("b", (await client.ReceiveAsync("message")).Text("channel"));
        await Eventually.TrueAsync(() => server.Server.Channels.Count == 3, "nothing is left of the subscription");
    }

    [Fact]
    public async Task A_refresh_that_takes_the_right_to_presence_ends_its_changes_but_not_the_subscription()
    {
        await using var server = await TokenServer.StartAsync("Namespaces:room:Presence=true");
        await using var ann = await server.ConnectAsync("ann", Channels("""{"room:*":["subscribe","presence"]}"""));
        Assert.Equal(["ann"], (await ann.SubscribeAsync("room:1")).Texts("users"));

        await RefreshAsync(ann, TokenServer.Key.Token("ann", more: Channels("""{"room:*":["subscribe"]}""")), "refreshed");
        await using var bob = await server.ConnectAsync("bob", Channels("""{"room:*":["subscribe","publish"]}"""));
        await bob.SubscribeAsync("room:1");
        server.Time.Advance(Tick);
        await bob.PublishAsync("room:1", "1");

        // The clock sent bob's arrival before he published.
        Assert.Equal(1, (await ann.ReceiveAsync("message")).Number("content"));
        Assert.Equal("forbidden", (await ann.AskAsync("""{"type":"presence","channel":"room:1"}""", "error")).Text("code"));
    }

    private static string Channels(string json) => ",\"channels\":" + json;

    private static Task<System.Text.Json.JsonElement> RefreshAsync(JsonClient client, string token, string answer) =>
        client.AskAsync($$"""{"type":"refresh","token":"{{token}}","id":"r"}""", answer);
}
