using System.Net.WebSockets;
using Gateway.TestSupport;

namespace Gateway.Tests.Api;

public sealed class ConnectionTests(ApiGateway gateway) : IClassFixture<ApiGateway>
{
    [Fact]
    public async Task A_user_is_subscribed_with_all_connections_and_nobody_else()
    {
        await using var first = await gateway.ConnectAsync("carl");
        await using var second = await gateway.ConnectAsync("carl");
        await using var other = await gateway.ConnectAsync("dora");
        var answer = await gateway.Server.PostAsync("subscribe", """{"user":"carl","channel":"log:carl"}""");
        Assert.Equal((2, 0), (answer.Json.Number("connections"), answer.Json.Number("failed")));

        await gateway.Server.PostAsync("publish", """{"channel":"log:carl","content":1}""");
        foreach (var client in new[] { first, second })
        {
            Assert.Equal("log:carl", (await client.ReceiveAsync("subscribed")).Text("channel"));
            Assert.Equal(1, (await client.ReceiveAsync("message")).Number("seq"));
        }
        Assert.True(await other.HearsOnlyPongAsync());
    }

    [Fact]
    public async Task A_connection_that_may_have_no_more_channels_is_counted_as_failed()
    {
        await using var server = await GatewayServer.StartAsync("Limits:ChannelsPerConnection=1");
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("one");
        var again = await server.PostAsync("subscribe", $$"""{"connection":"{{client.ConnectionId}}","channel":"one"}""");
        var more = await server.PostAsync("subscribe", $$"""{"connection":"{{client.ConnectionId}}","channel":"two"}""");
        Assert.Equal((1, 0), (again.Json.Number("connections"), again.Json.Number("failed")));
        Assert.Equal((0, 1), (more.Json.Number("connections"), more.Json.Number("failed")));
    }

    [Fact]
    public async Task A_client_gets_the_reason_of_being_unsubscribed()
    {
        await using var client = await gateway.ConnectAsync("erik");
        await client.SubscribeAsync("log:erik");
        var answer = await gateway.Server.PostAsync("unsubscribe", """{"user":"erik","channel":"log:erik","reason":"be nice"}""");
        Assert.Equal(1, answer.Json.Number("connections"));
        var message = await client.ReceiveAsync("unsubscribed");
        Assert.Equal(("log:erik", "removed", "be nice"), (message.Text("channel"), message.Text("code"), message.Text("reason")));

        await gateway.Server.PostAsync("publish", """{"channel":"log:erik","content":1}""");
        Assert.True(await client.HearsOnlyPongAsync());
        Assert.Equal(
            0, (await gateway.Server.PostAsync("unsubscribe", """{"user":"erik","channel":"log:erik"}""")).Json.Number("connections"));
    }

    [Fact]
    public async Task A_disconnected_client_gets_what_was_published_before_then_4003_with_the_reason()
    {
        await using var client = await gateway.ConnectAsync("frida");
        await client.SubscribeAsync("log:frida");
        await gateway.Server.PostAsync("publish", """{"channel":"log:frida","content":"last words"}""");
        await client.ReceiveAsync("message");
        var answer = await gateway.Server.PostAsync("disconnect", """{"user":"frida","reason":"signed out"}""");
        Assert.Equal(1, answer.Json.Number("connections"));

        var message = await client.ReceiveAsync("disconnect");
        Assert.Equal(
            (4003, "signed out", false), (message.Number("code"), message.Text("reason"), message.GetProperty("reconnect").GetBoolean()));
        Assert.Null(await client.ReceiveTextAsync());
        Assert.Equal(((WebSocketCloseStatus)4003, "signed out"), (client.Socket.CloseStatus, client.Socket.CloseStatusDescription));
    }

    [Fact]
    public async Task One_of_a_users_connections_can_be_meant()
    {
        await using var stays = await gateway.ConnectAsync("gina");
        await using var goes = await gateway.ConnectAsync("gina");
        Assert.Equal(
            1, (await gateway.Server.PostAsync("disconnect", $$"""{"connection":"{{goes.ConnectionId}}"}""")).Json.Number("connections"));
        await goes.ReceiveAsync("disconnect");
        Assert.True(await stays.HearsOnlyPongAsync());
        Assert.Equal(0, (await gateway.Server.PostAsync("disconnect", """{"connection":"never-there"}""")).Json.Number("connections"));
    }

    [Fact]
    public async Task A_connection_is_described()
    {
        await using var client = await gateway.ConnectAsync("hans");
        await client.SubscribeAsync("log:hans");
        var found = (await gateway.Server.GetAsync("/api/connections/" + client.ConnectionId)).Json;
        Assert.Equal((client.ConnectionId, "hans"), (found.Text("connection"), found.Text("user")));
        Assert.Equal(client.Connected.Text("node"), found.Text("node"));
        Assert.Equal(["log:hans"], found.Texts("channels"));
        Assert.Equal("127.0.0.1", found.Text("address"));
        Assert.InRange(
            found.Number("connected"),
            DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeMilliseconds(),
            DateTimeOffset.UtcNow.AddMinutes(1).ToUnixTimeMilliseconds());
        Assert.Equal(404, (await gateway.Server.GetAsync("/api/connections/never-there")).Status);
    }

    [Fact]
    public async Task Subscribing_races_with_the_clients_own_requests_without_harm()
    {
        await using var client = await gateway.ConnectAsync("ida");
        var subscribing = Enumerable.Range(0, 20).Select(
            _ => gateway.Server.PostAsync("subscribe", """{"user":"ida","channel":"log:ida"}""")).ToList();
        for (int i = 0; i < 20; i++)
            await client.SendAsync($$"""{"type":"subscribe","channel":"log:ida","id":{{i}}}""");
        await Task.WhenAll(subscribing);

        Assert.Equal(1, (await gateway.Server.GetAsync("/api/channels/log:ida")).Json.Number("subscribers"));
        await gateway.Server.PostAsync("publish", """{"channel":"log:ida","content":1}""");
        await client.ReceiveUntilAsync(message => message.Text("type") == "message");
        Assert.True(await client.HearsOnlyPongAsync());
    }
}
