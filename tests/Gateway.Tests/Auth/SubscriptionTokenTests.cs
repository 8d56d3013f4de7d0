using System.Globalization;
using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Auth;

/// <summary>Tokens that let one user into one channel.</summary>
public sealed class SubscriptionTokenTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_token_for_the_channel_lets_its_user_subscribe_and_read()
    {
        await using var server = await TokenServer.StartAsync("Namespaces:room:Presence=true", "Namespaces:room:History=5");
        await using var client = await server.ConnectAsync("ann");
        Assert.Equal("forbidden", (await client.AskAsync("""{"type":"subscribe","channel":"room:1"}""", "error")).Text("code"));

        var subscribed = await SubscribeAsync(client, "room:1", Token(server, "ann", "room:1", 60), "subscribed");

        Assert.Equal(["ann"], subscribed.Texts("users"));
        Assert.Equal(1, subscribed.Number("id"));
        await client.AskAsync("""{"type":"presence","channel":"room:1"}""", "presence");
        await client.AskAsync("""{"type":"history","channel":"room:1"}""", "history");
        Assert.Equal("forbidden", (await client.AskAsync("""{"type":"message","channel":"room:1","content":1}""", "error")).Text("code"));
        await client.AskAsync("""{"type":"unsubscribe","channel":"room:1"}""", "unsubscribed");
        Assert.Equal("forbidden", (await client.AskAsync("""{"type":"history","channel":"room:1"}""", "error")).Text("code"));
    }

    [Theory]
    [InlineData("bob", "room:1", 60, "forbidden", "the token is of another user")]
    [InlineData("ann", "room:2", 60, "forbidden", "the token is not for this channel")]
    [InlineData("ann", "room:*", 60, "forbidden", "the token is not for this channel")]
    [InlineData("ann", "room:1", -60, "unauthorized", "token expired")]
    public async Task A_token_of_another_user_or_for_another_channel_or_an_expired_one_does_not_and_says_why(
        string user, string channel, int expires, string code, string words)
    {
        await using var server = await TokenServer.StartAsync();
        await using var client = await server.ConnectAsync("ann");

        var error = await SubscribeAsync(client, "room:1", Token(server, user, channel, expires), "error");

        Assert.Equal((code, words, "room:1", 1), (error.Text("code"), error.Text("message"), error.Text("channel"), error.Number("id")));
        Assert.Equal(0, server.Server.Channels.Count);
    }

    [Fact]
    public async Task A_token_for_signing_in_or_without_exp_or_of_another_key_does_not()
    {
        await using var server = await TokenServer.StartAsync();
        await using var client = await server.ConnectAsync("ann");

        Assert.Equal("forbidden", (await SubscribeAsync(client, "room:1", TokenServer.Key.Token("ann"), "error")).Text("code"));
        Assert.Equal("a token for a channel needs an exp",
            (await SubscribeAsync(client, "room:1", TokenServer.Key.Token("ann", more: ",\"channel\":\"room:1\""), "error"))
                .Text("message"));
        var stranger = SigningKey.OfSecret("another secret that is long enough too");
        Assert.Equal(
            "unauthorized",
            (await SubscribeAsync(
                client, "room:1", stranger.Token("ann", server.Now.AddHours(1), ",\"channel\":\"room:1\""), "error")).Text("code"));
    }

    [Theory]
    [InlineData("user:bob")]
    [InlineData("closed:1")]
    public async Task No_token_opens_another_users_channel_nor_a_namespace_for_nobody(string channel)
    {
        await using var server = await TokenServer.StartAsync("Namespaces:closed:Subscribe=nobody");
        await using var client = await server.ConnectAsync("ann");

        Assert.Equal("forbidden", (await SubscribeAsync(client, channel, Token(server, "ann", channel, 60), "error")).Text("code"));
    }

    [Fact]
    public async Task At_its_exp_the_subscription_ends_and_the_connection_stays()
    {
        await using var server = await TokenServer.StartAsync();
        await using var client = await server.ConnectAsync("ann", ",\"channels\":{\"b\":[\"subscribe\",\"publish\"]}");
        await SubscribeAsync(client, "a", Token(server, "ann", "a", 60), "subscribed");
        await client.SubscribeAsync("b");

        server.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.True(await client.HearsOnlyPongAsync());
        server.Time.Advance(Tick);
        var unsubscribed = await client.ReceiveAsync("unsubscribed");

        Assert.Equal(("a", "expired"), (unsubscribed.Text("channel"), unsubscribed.Text("code")));
        await Eventually.TrueAsync(() => server.Server.Channels.Count == 1, "nothing is left of the subscription");
        await client.PublishAsync("b", "1");
        await client.ReceiveAsync("message");
    }

    [Fact]
    public async Task A_token_that_is_let_in_for_clocks_that_differ_ends_with_the_next_tick()
    {
        await using var server = await TokenServer.StartAsync("Namespaces:room:Presence=true", "Namespaces:room:History=5");
        await using var client = await server.ConnectAsync("ann", ",\"channels\":{\"room:*\":[\"presence\"]}");
        await SubscribeAsync(client, "room:1", Token(server, "ann", "room:1", -3), "subscribed");

        server.Time.Advance(Tick);

        Assert.Equal("expired", (await client.ReceiveAsync("unsubscribed")).Text("code"));
        Assert.Equal(0, (await client.AskAsync("{\"type\":\"presence\",\"channel\":\"room:1\"}", "presence")).Number("count"));
    }

    [Fact]
    public async Task Subscribing_again_with_a_newer_token_renews_it()
    {
        await using var server = await TokenServer.StartAsync();
        await using var client = await server.ConnectAsync("ann");
        await SubscribeAsync(client, "a", Token(server, "ann", "a", 60), "subscribed");
        await SubscribeAsync(client, "a", Token(server, "ann", "a", 120), "subscribed");

        server.Time.Advance(TimeSpan.FromSeconds(119));
        Assert.True(await client.HearsOnlyPongAsync());
        server.Time.Advance(Tick);

        Assert.Equal("expired", (await client.ReceiveAsync("unsubscribed")).Text("code"));
        Assert.Equal("subscribed", (await SubscribeAsync(client, "a", Token(server, "ann", "a", 60), "subscribed")).Text("type"));
    }

    [Fact]
    public async Task Each_of_many_subscriptions_ends_at_its_own_time()
    {
        await using var server = await TokenServer.StartAsync();
        await using var client = await server.ConnectAsync("ann");
        for (int i = 1; i <= 40; i++)
            await SubscribeAsync(client, $"a{i}", Token(server, "ann", $"a{i}", i), "subscribed");

        for (int i = 1; i <= 40; i++)
        {
            server.Time.Advance(Tick);
            Assert.Equal($"a{i}", (await client.ReceiveAsync("unsubscribed")).Text("channel"));
        }
        await Eventually.TrueAsync(() => server.Server.Channels.Count == 0, "nothing is left");
    }

    [Fact]
    public async Task A_refreshed_token_leaves_them_alone()
    {
        await using var server = await TokenServer.StartAsync();
        await using var client = await server.ConnectAsync("ann");
        await SubscribeAsync(client, "a", Token(server, "ann", "a", 60), "subscribed");

        await client.AskAsync($$"""{"type":"refresh","token":"{{TokenServer.Key.Token("ann")}}"}""", "refreshed");

        Assert.True(await client.HearsOnlyPongAsync());
    }

    private static string Token(TokenServer server, string user, string channel, int seconds) =>
        TokenServer.Key.Token(user, server.Now.AddSeconds(seconds), $",\"channel\":\"{channel}\"");

    private static Task<JsonElement> SubscribeAsync(JsonClient client, string channel, string token, string answer) => client.AskAsync(
        string.Create(CultureInfo.InvariantCulture, $$"""{"type":"subscribe","channel":"{{channel}}","token":"{{token}}","id":1}"""),
        answer);
}
