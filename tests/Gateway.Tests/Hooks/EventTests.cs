using System.Text.Json;
using Gateway.Tests.Api;
using Gateway.Tests.Auth;
using Gateway.TestSupport;

namespace Gateway.Tests.Hooks;

/// <summary>The events that a backend gets.</summary>
public sealed class EventTests
{
    private const string All = "connected,disconnected,subscribed,unsubscribed,occupied,vacated";

    [Fact]
    public async Task A_connections_events_come_in_order()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings(All, "Node=edge-1"));
        string id, user;
        await using (var client = await JsonClient.ConnectAsync(server))
        {
            (id, user) = (client.ConnectionId, client.User);
            await client.SubscribeAsync("a");
            await client.SubscribeAsync("b");
            await client.AskAsync("""{"type":"unsubscribe","channel":"a"}""", "unsubscribed");
        }

        var events = await backend.EventsAsync(10);

        Assert.Equal(
            [
                "connected", "occupied a", "subscribed a", "occupied b", "subscribed b",
                "unsubscribed a", "vacated a", "unsubscribed b", "vacated b", "disconnected",
            ],
            events.Select(Backend.Describe));
        Assert.All(events.Where(one => one.Has("user")), one => Assert.Equal((id, user), (one.Text("connection"), one.Text("user"))));
        Assert.Equal(["occupied", "occupied", "vacated", "vacated"], events.Where(one => !one.Has("user")).Select(one => one.Text("type")));
        Assert.Equal(1000, events[^1].Number("code"));
        Assert.All(backend.Requests, request => Assert.Equal("edge-1", request.Json.Text("node")));
        string start = events[0].Text("id").Split('-')[0];
        Assert.Equal(Enumerable.Range(1, 10).Select(number => $"{start}-{number}"), events.Select(one => one.Text("id")));
    }

    [Fact]
    public async Task A_channel_is_occupied_by_its_first_subscriber_here_and_vacated_by_its_last()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("occupied,vacated"));
        await using var one = await JsonClient.ConnectAsync(server);
        await using var two = await JsonClient.ConnectAsync(server);
        foreach (var client in new[] { one, two })
            await client.SubscribeAsync("a");
        foreach (var client in new[] { one, two })
            await client.AskAsync("""{"type":"unsubscribe","channel":"a"}""", "unsubscribed");
        await one.SubscribeAsync("a");

        Assert.Equal(["occupied a", "vacated a", "occupied a"], (await backend.EventsAsync(3)).Select(Backend.Describe));
    }

    [Fact]
    public async Task An_end_by_the_API_has_the_same_events()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("unsubscribed,disconnected"));
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");
        await client.SubscribeAsync("b");

        await server.PostAsync("unsubscribe", $$"""{"connection":"{{client.ConnectionId}}","channel":"a"}""");
        await server.PostAsync("disconnect", $$"""{"connection":"{{client.ConnectionId}}"}""");
        await client.ReceiveUntilAsync(message => message.Text("type") == "disconnect");
        Assert.Null(await client.ReceiveTextAsync());

        var events = await backend.EventsAsync(3);
        Assert.Equal(["unsubscribed a", "unsubscribed b", "disconnected"], events.Select(Backend.Describe));
        Assert.Equal(4003, events[^1].Number("code"));
    }

    [Fact]
    public async Task Only_admitted_connections_have_events()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await TokenServer.StartAsync(backend.Settings("connect," + All));
        backend.Deny(call => call.Text("user") == "eve");
        await using (var nobody = await server.OpenAsync())
            await nobody.AskAsync("""{"type":"ping"}""", "pong");
        await using (var eve = await server.OpenAsync())
            await eve.AskAsync($$"""{"type":"auth","token":"{{TokenServer.Key.Token("eve", server.Now.AddHours(1))}}"}""", "error");
        Assert.Equal(403, (await server.AskAsync("/ws?token=" + TokenServer.Key.Token("eve", server.Now.AddHours(1)))).Status);
        await Eventually.TrueAsync(() => server.Server.Connections.IsEmpty, "both are gone");

        await using (var ann = await server.OpenAsync())
        {
            await ann.AskAsync($$"""{"type":"auth","token":"{{TokenServer.Key.Token("ann", server.Now.AddHours(1))}}"}""", "connected");
            Assert.Equal(["connected"], (await backend.EventsAsync(1)).Select(Backend.Describe));
        }
        var events = await backend.EventsAsync(2);
        Assert.Equal(["connected", "disconnected"], events.Select(Backend.Describe));
        Assert.All(events, one => Assert.Equal("ann", one.Text("user")));
    }

    [Fact]
    public async Task Streams_are_connections_too()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings(All));
        await using (var stream = await SseClient.ConnectAsync(server.PublicPort, "channel=a"))
            await stream.ReceiveAsync("subscribed");

        Assert.Equal(
            ["connected", "occupied a", "subscribed a", "unsubscribed a", "vacated a", "disconnected"],
            (await backend.EventsAsync(6)).Select(Backend.Describe));
    }

    [Fact]
    public async Task Events_of_many_that_come_and_go_at_once_alternate()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings(All));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            await using var client = await JsonClient.ConnectAsync(server);
            for (int i = 0; i < 50; i++)
            {
                await client.SendAsync("""{"type":"subscribe","channel":"a"}""");
                await client.SendAsync("""{"type":"unsubscribe","channel":"a"}""");
            }
            await client.AskAnythingAsync("""{"type":"ping","id":"last"}""");
        }));
        await Eventually.TrueAsync(
            () => backend.Events.Count(one => one.Text("type") == "disconnected") == 8, "every connection has its last event");
        var events = backend.Events;

        Assert.All(
            OfType("occupied", "vacated").Index(), one => Assert.Equal(one.Index % 2 == 0 ? "occupied" : "vacated", one.Item.Text("type")));
        foreach (var connection in OfType("subscribed", "unsubscribed").GroupBy(one => one.Text("connection")))
        {
            Assert.Equal(100, connection.Count());
            Assert.All(connection.Index(), one => Assert.Equal(one.Index % 2 == 0 ? "subscribed" : "unsubscribed", one.Item.Text("type")));
        }
        IEnumerable<JsonElement> OfType(params string[] types) => events.Where(one => types.Contains(one.Text("type")));
    }
}
