using Gateway.TestSupport;

namespace Gateway.Tests.Auth;

/// <summary>Channels that a token's <c>subscriptions</c> name.</summary>
public sealed class ServerSubscriptionTests
{
    [Fact]
    public async Task The_connection_is_subscribed_as_it_opens()
    {
        await using var server = await TokenServer.StartAsync("Namespaces:log:History=5");
        await using var client = await server.ConnectAsync("ann", ""","subscriptions":["log:a","user:ann","news"]""");

        Assert.Equal(["log:a", "user:ann", "news"], client.Connected.Texts("subscriptions"));
        var first = await client.ReceiveAsync("subscribed");
        Assert.Equal(("log:a", 0, false), (first.Text("channel"), first.Number("seq"), first.Has("id")));
        Assert.Equal("user:ann", (await client.ReceiveAsync("subscribed")).Text("channel"));
        Assert.Equal("news", (await client.ReceiveAsync("subscribed")).Text("channel"));
        await using var publisher = await server.ConnectAsync("bob", ""","channels":{"news":["publish"]}""");
        await publisher.PublishAsync("news", "1");
        Assert.Equal("news", (await client.ReceiveAsync("message")).Text("channel"));
    }

    [Fact]
    public async Task The_connection_is_subscribed_after_a_first_message()
    {
        await using var server = await TokenServer.StartAsync();
        await using var client = await server.OpenAsync();

        var connected = await client.AskAsync(
            $$"""{"type":"auth","token":"{{TokenServer.Key.Token("ann", more: ""","subscriptions":["a"]""")}}"}""", "connected");

        Assert.Equal(["a"], connected.Texts("subscriptions"));
        Assert.Equal("a", (await client.ReceiveAsync("subscribed")).Text("channel"));
    }

    [Fact]
    public async Task A_channel_that_cannot_be_subscribed_to_is_an_error_and_the_others_are_subscribed()
    {
        await using var server = await TokenServer.StartAsync("Limits:ChannelsPerConnection=2", "Namespaces:closed:Subscribe=nobody");
        await using var client = await server.ConnectAsync("ann", ""","subscriptions":["a b","user:bob","closed:1","a","a","b","c"]""");

        Assert.Equal(("bad_request", "a b"), await ErrorAsync(client));
        Assert.Equal(("forbidden", "user:bob"), await ErrorAsync(client));
        Assert.Equal(("forbidden", "closed:1"), await ErrorAsync(client));
        foreach (string channel in new[] { "a", "a", "b" })
            Assert.Equal(channel, (await client.ReceiveAsync("subscribed")).Text("channel"));
        Assert.Equal(("limit_exceeded", "c"), await ErrorAsync(client));
    }

    [Fact]
    public async Task The_client_may_subscribe_to_them_again_to_recover_but_not_publish_nor_look_around()
    {
        await using var server = await TokenServer.StartAsync("Namespaces:default:History=5");
        await using var client = await server.ConnectAsync("ann", ""","subscriptions":["a*"]""");
        var subscribed = await client.ReceiveAsync("subscribed");

        Assert.True((await client.RecoverAsync("a*", subscribed.Text("epoch"), 0)).GetProperty("recovered").GetBoolean());
        foreach (string request in new[]
        {
            """{"type":"subscribe","channel":"ab"}""", """{"type":"history","channel":"a*"}""",
            """{"type":"message","channel":"a*","content":1}""",
        })
            Assert.Equal("forbidden", (await client.AskAsync(request, "error")).Text("code"));
    }

    private static async Task<(string Code, string Channel)> ErrorAsync(JsonClient client)
    {
        var error = await client.ReceiveAsync("error");
        return (error.Text("code"), error.Text("channel"));
    }
}
