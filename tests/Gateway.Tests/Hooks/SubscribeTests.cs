using Gateway.Tests.Api;
using Gateway.Tests.Auth;
using Gateway.TestSupport;

namespace Gateway.Tests.Hooks;

/// <summary>The hook <c>subscribe</c>: the backend allows or denies a channel.</summary>
public sealed class SubscribeTests
{
    [Fact]
    public async Task The_backend_decides_who_may_subscribe_to_a_channel()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("subscribe"));
        backend.Deny(call => call.Text("channel") == "secret", ""","code":"limit_exceeded","message":"members only" """);
        await using var client = await JsonClient.ConnectAsync(server);

        await client.SubscribeAsync("open");
        var error = await client.AskAsync("""{"type":"subscribe","channel":"secret","id":1}""", "error");

        Assert.Equal(
            ("limit_exceeded", "members only", "secret", 1),
            (error.Text("code"), error.Text("message"), error.Text("channel"), error.Number("id")));
        Assert.Equal((client.ConnectionId, client.User), (backend.Calls[0].Text("connection"), backend.Calls[0].Text("user")));
        Assert.Null(server.Channels.Find("secret"u8));
    }

    [Fact]
    public async Task A_second_subscription_to_a_channel_does_not_call_the_backend()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("subscribe"));
        await using var client = await JsonClient.ConnectAsync(server);

        await client.SubscribeAsync("a");
        await client.SubscribeAsync("a");
        await client.AskAsync("""{"type":"unsubscribe","channel":"a"}""", "unsubscribed");
        await client.SubscribeAsync("a");

        Assert.Equal(2, backend.Calls.Count);
    }

    [Fact]
    public async Task A_client_without_the_right_and_a_subscription_by_the_API_do_not_call_the_backend()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("subscribe", "Namespaces:closed:Subscribe=nobody"));
        backend.Deny(_ => true);
        await using var client = await JsonClient.ConnectAsync(server);

        Assert.Equal(
            "not allowed in this channel",
            (await client.AskAsync("""{"type":"subscribe","channel":"closed:a"}""", "error")).Text("message"));
        await server.PostAsync("subscribe", $$"""{"connection":"{{client.ConnectionId}}","channel":"closed:a"}""");

        Assert.Equal("closed:a", (await client.ReceiveAsync("subscribed")).Text("channel"));
        Assert.Empty(backend.Calls);
    }

    [Fact]
    public async Task Channels_of_a_token_or_a_stream_are_allowed_or_denied_one_by_one()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await TokenServer.StartAsync(backend.Settings("subscribe"));
        backend.Deny(call => call.Text("channel") == "two");
        const string Claims = ""","subscriptions":["one","two","three"],"channels":{"*":["subscribe"]}""";

        await using (var client = await server.ConnectAsync("ann", Claims))
        {
            Assert.Equal("one", (await client.ReceiveAsync("subscribed")).Text("channel"));
            Assert.Equal("two", (await client.ReceiveAsync("error")).Text("channel"));
            Assert.Equal("three", (await client.ReceiveAsync("subscribed")).Text("channel"));
        }
        string token = TokenServer.Key.Token("ann", server.Now.AddHours(1), Claims);
        await using var stream = await SseClient.ConnectAsync(server.Server.PublicPort, "channel=four&token=" + token);
        Assert.Equal("one", (await stream.ReceiveAsync("subscribed")).Json.Text("channel"));
        Assert.Equal("two", (await stream.ReceiveAsync("error")).Json.Text("channel"));
        Assert.Equal("three", (await stream.ReceiveAsync("subscribed")).Json.Text("channel"));
        Assert.Equal("four", (await stream.ReceiveAsync("subscribed")).Json.Text("channel"));
    }

    [Fact]
    public async Task A_stream_for_which_the_backend_has_no_answer_ends_so_that_it_comes_back()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("subscribe"));
        backend.OnCall = (context, _) => Backend.AnswerAsync(context, "???");

        await using var stream = await SseClient.ConnectAsync(server.PublicPort, "channel=a");

        Assert.Equal("unavailable", (await stream.ReceiveAsync("error")).Json.Text("code"));
        var message = (await stream.ReceiveAsync("disconnect")).Json;
        Assert.Equal((1013, true), (message.Number("code"), message.GetProperty("reconnect").GetBoolean()));
    }
}
