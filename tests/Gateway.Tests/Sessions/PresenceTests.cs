using System.Text.Json;
using Gateway.Server.Auth;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Sessions;

public sealed class PresenceTests(SharedGateway gateway) : IClassFixture<SharedGateway>
{
    [Fact]
    public async Task Subscribed_tells_who_is_there_the_subscriber_included()
    {
        string channel = SharedGateway.NewChannel("room");
        await using var ann = await gateway.ConnectAsync("?user=ann");
        await using var bob = await gateway.ConnectAsync("?user=bob");

        var first = await ann.SubscribeAsync(channel);
        var second = await bob.SubscribeAsync(channel);

        Assert.Equal(["ann"], first.Texts("users"));
        Assert.Equal(1, first.Number("count"));
        Assert.Equal(["ann", "bob"], second.Texts("users").Order());
        Assert.Equal(2, second.Number("count"));
        Assert.False(second.Has("info"));
    }

    [Fact]
    public async Task Others_are_told_who_came_and_who_left()
    {
        string channel = SharedGateway.NewChannel("room");
        await using var ann = await gateway.ConnectAsync("?user=ann");
        await ann.SubscribeAsync(channel);
        await using var bob = await gateway.ConnectAsync("?user=bob");

        await bob.SubscribeAsync(channel);
        var joined = await ann.ReceiveAsync("presence");
        Assert.Equal((channel, 2), (joined.Text("channel"), joined.Number("count")));
        Assert.Contains("bob", joined.Texts("joined"));
        Assert.False(joined.Has("left"));

        await bob.AskAsync($$"""{"type":"unsubscribe","channel":"{{channel}}"}""", "unsubscribed");
        var left = await ann.ReceiveAsync("presence");
        Assert.Equal(["bob"], left.Texts("left"));
        Assert.Equal(1, left.Number("count"));
        Assert.False(left.Has("joined"));
    }

    [Fact]
    public async Task Several_connections_of_a_user_join_once_and_leave_with_the_last()
    {
        string channel = SharedGateway.NewChannel("room");
        await using var ann = await gateway.ConnectAsync("?user=ann");
        await ann.SubscribeAsync(channel);
        var tabs = new List<JsonClient>();
        for (int i = 0; i < 3; i++)
        {
            tabs.Add(await gateway.ConnectAsync("?user=bob"));
            var subscribed = await tabs[i].SubscribeAsync(channel);
            Assert.Equal(["ann", "bob"], subscribed.Texts("users").Order());
            Assert.Equal(2, subscribed.Number("count"));
        }
        Assert.Contains("bob", (await ann.ReceiveAsync("presence")).Texts("joined"));

        await tabs[0].DisposeAsync();
        await tabs[1].AskAsync($$"""{"type":"unsubscribe","channel":"{{channel}}"}""", "unsubscribed");
        // A third user marks the end of what ann may have received of the first two tabs.
        await using var carol = await gateway.ConnectAsync("?user=carol");
        Assert.Equal(["ann", "bob", "carol"], (await carol.SubscribeAsync(channel)).Texts("users").Order());
        var next = await ann.ReceiveAsync("presence");
        Assert.Equal(["carol"], next.Texts("joined"));
        Assert.False(next.Has("left"));

        tabs[2].Socket.Abort();
        Assert.Equal(["bob"], (await ann.ReceiveAsync("presence")).Texts("left"));
    }

    [Fact]
    public async Task The_info_of_users_is_in_snapshots_and_changes()
    {
        string channel = SharedGateway.NewChannel("room");
        await using var ann = await gateway.ConnectAsync("?user=ann&info={%22name%22:%20%22Ann%20\\u00e9%22}");
        await ann.SubscribeAsync(channel);
        await using var bob = await gateway.ConnectAsync("?user=bob&info={%22n%22:[1e400]}");
        await using var carol = await gateway.ConnectAsync("?user=carol");
        await carol.SubscribeAsync(channel);

        var info = (await bob.SubscribeAsync(channel)).GetProperty("info");
        Assert.Equal("""{"name": "Ann \u00e9"}""", info.Raw("ann"));
        Assert.Equal("""{"n":[1e400]}""", info.Raw("bob"));
        Assert.False(info.Has("carol"));

        var change = await ann.ReceiveUntilAsync(message => message.Texts("joined").Contains("bob"));
        Assert.Equal("""{"n":[1e400]}""", change.GetProperty("info").Raw("bob"));
    }

    [Fact]
    public async Task A_connection_that_was_reset_leaves()
    {
        string channel = SharedGateway.NewChannel("room");
        await using var ann = await gateway.ConnectAsync("?user=ann");
        await ann.SubscribeAsync(channel);
        var bob = await RawWebSocket.ConnectAsync(gateway.Server.PublicPort, "/ws?user=bob");
        await bob.SendMessageAsync($$"""{"type":"subscribe","channel":"{{channel}}"}""");
        Assert.Contains("bob", (await ann.ReceiveAsync("presence")).Texts("joined"));

        bob.Reset();

        Assert.Equal(["bob"], (await ann.ReceiveAsync("presence")).Texts("left"));
    }

    [Fact]
    public async Task A_user_who_came_and_left_between_two_changes_is_reported_as_gone_at_most()
    {
        string channel = SharedGateway.NewChannel("room");
        await using var ann = await gateway.ConnectAsync("?user=ann");
        await ann.SubscribeAsync(channel);
        await using var bob = await gateway.ConnectAsync("?user=bob");
        await using var carol = await gateway.ConnectAsync("?user=carol");
        await carol.SubscribeAsync(channel);
        await ann.ReceiveUntilAsync(message => message.Texts("joined").Contains("carol"));

        // One send with everything: however slow the machine, the server handles it between two sends.
        await bob.SendAsync($$"""{"type":"subscribe","channel":"{{channel}}"}""");
        await bob.SendAsync($$"""{"type":"unsubscribe","channel":"{{channel}}"}""");
        await bob.ReceiveUntilAsync(message => message.Text("type") == "unsubscribed");
        await carol.AskAsync($$"""{"type":"unsubscribe","channel":"{{channel}}"}""", "unsubscribed");

        var next = await ann.ReceiveUntilAsync(message => message.Text("type") == "presence");
        Assert.Equal(["bob", "carol"], next.Texts("left").Order());
        Assert.False(next.Has("joined"));
    }

    [Fact]
    public async Task A_subscriber_that_saw_a_user_in_a_snapshot_learns_that_the_user_left()
    {
        string channel = SharedGateway.NewChannel("room");
        await using var ann = await gateway.ConnectAsync("?user=ann");
        await using var bob = await gateway.ConnectAsync("?user=bob");

        await bob.SubscribeAsync(channel);
        Assert.Contains("bob", (await ann.SubscribeAsync(channel)).Texts("users"));
        await bob.AskAsync($$"""{"type":"unsubscribe","channel":"{{channel}}"}""", "unsubscribed");

        await ann.ReceiveUntilAsync(message => message.Texts("left").Contains("bob"));
    }

    [Fact]
    public async Task A_subscriber_that_missed_a_user_in_a_snapshot_learns_that_the_user_is_back()
    {
        string channel = SharedGateway.NewChannel("room");
        await using var ann = await gateway.ConnectAsync("?user=ann");
        await using var bob = await gateway.ConnectAsync("?user=bob");
        await using var carol = await gateway.ConnectAsync("?user=carol");
        await carol.SubscribeAsync(channel);
        await bob.SubscribeAsync(channel);
        await carol.ReceiveUntilAsync(message => message.Texts("joined").Contains("bob"));

        await bob.AskAsync($$"""{"type":"unsubscribe","channel":"{{channel}}"}""", "unsubscribed");
        Assert.DoesNotContain("bob", (await ann.SubscribeAsync(channel)).Texts("users"));
        await bob.SubscribeAsync(channel);

        await ann.ReceiveUntilAsync(message => message.Texts("joined").Contains("bob"));
    }

    [Fact]
    public async Task A_join_that_the_snapshot_holds_is_not_told_again()
    {
        string channel = SharedGateway.NewChannel("room");
        var clients = new List<JsonClient>();
        var views = new List<PresenceView>();
        for (int i = 0; i < 20; i++)
        {
            clients.Add(await gateway.ConnectAsync($"?user=u{i:00}"));
            views.Add(new PresenceView(channel));
        }

        // The changes come within one gathering, each between those of known and of unknown users.
        for (int i = 0; i < 20; i++)
            views[i].Apply(await clients[i].SubscribeAsync(channel));
        string all = string.Join(',', Enumerable.Range(0, 20).Select(i => $"u{i:00}"));
        for (int i = 0; i < 20; i++)
        {
            while (views[i].Users != all)
                views[i].Apply(await clients[i].ReceiveAsync("presence"));
        }
        await using var last = await gateway.ConnectAsync("?user=last");
        await last.SubscribeAsync(channel);

        for (int i = 0; i < 20; i++)
        {
            while (!views[i].Users.StartsWith("last", StringComparison.Ordinal))
                views[i].Apply(await clients[i].ReceiveUntilAsync(message => message.Text("type") == "presence"));
            Assert.Empty(views[i].Repeated);
            await clients[i].DisposeAsync();
        }
    }

    [Fact]
    public async Task A_join_that_an_answer_holds_is_not_told_again()
    {
        string channel = SharedGateway.NewChannel("room");
        await using var ann = await gateway.ConnectAsync("?user=ann");
        await using var bob = await gateway.ConnectAsync("?user=bob");
        await using var carol = await gateway.ConnectAsync("?user=carol");
        await using var dave = await gateway.ConnectAsync("?user=dave");
        var view = new PresenceView(channel);
        view.Apply(await ann.SubscribeAsync(channel));

        await bob.SubscribeAsync(channel);
        view.Apply(await ann.AskAsync($$"""{"type":"presence","channel":"{{channel}}","id":1}""", "presence"));
        await carol.SubscribeAsync(channel);
        view.Apply(await ann.SubscribeAsync(channel));
        await dave.SubscribeAsync(channel);
        while (view.Users != "ann,bob,carol,dave")
            view.Apply(await ann.ReceiveAsync("presence"));

        Assert.Empty(view.Repeated);
    }

    [Fact]
    public async Task Above_the_limit_of_users_only_their_number_is_told()
    {
        await using var server = await GatewayServer.StartAsync(
            ["Namespaces:room:Presence=true", "Presence:MaxUsers=2"],
            services => services.AddSingleton<IAuthenticator, QueryAuthenticator>());
        await using var ann = await JsonClient.ConnectAsync(server, "?user=ann&info={}");
        await using var bob = await JsonClient.ConnectAsync(server, "?user=bob");
        await using var carol = await JsonClient.ConnectAsync(server, "?user=carol&info={}");

        Assert.True((await ann.SubscribeAsync("room:a")).Has("users"));
        Assert.True((await bob.SubscribeAsync("room:a")).Has("users"));
        var third = await carol.SubscribeAsync("room:a");
        Assert.Equal(["type", "channel", "count"], third.EnumerateObject().Select(field => field.Name));
        Assert.Equal(3, third.Number("count"));
        var change = await ann.ReceiveUntilAsync(message => message.Number("count") == 3);
        Assert.Equal(["type", "channel", "count"], change.EnumerateObject().Select(field => field.Name));

        await carol.DisposeAsync();
        Assert.Equal(["carol"], (await ann.ReceiveUntilAsync(message => message.Number("count") == 2)).Texts("left"));
    }

    [Fact]
    public async Task Names_are_back_when_there_are_no_more_users_than_the_limit()
    {
        await using var server = await GatewayServer.StartAsync(
            ["Namespaces:room:Presence=true", "Presence:MaxUsers=2"],
            services => services.AddSingleton<IAuthenticator, QueryAuthenticator>());
        await using var ann = await JsonClient.ConnectAsync(server, "?user=ann");
        await using var bob = await JsonClient.ConnectAsync(server, "?user=bob");
        await using var carol = await JsonClient.ConnectAsync(server, "?user=carol");
        await bob.SubscribeAsync("room:a");
        await carol.SubscribeAsync("room:a");
        Assert.False((await ann.SubscribeAsync("room:a")).Has("users"));

        await bob.DisposeAsync();

        var named = await ann.ReceiveUntilAsync(message => message.Has("users"));
        Assert.Equal(["ann", "carol"], named.Texts("users").Order());
    }

    [Fact]
    public async Task The_snapshot_can_be_asked_for_without_being_there()
    {
        string channel = SharedGateway.NewChannel("room");
        await using var ann = await gateway.ConnectAsync("?user=ann&info={%22a%22:1}");
        await using var outsider = await gateway.ConnectAsync("?user=bob");
        string ask = $$"""{"type":"presence","channel":"{{channel}}","id":4}""";

        var empty = await outsider.AskAsync(ask, "presence");
        await ann.SubscribeAsync(channel);
        var one = await outsider.AskAsync(ask, "presence");

        Assert.Equal((0, 4), (empty.Number("count"), empty.Number("id")));
        Assert.Equal(0, empty.GetProperty("users").GetArrayLength());
        Assert.Equal((1, 4), (one.Number("count"), one.Number("id")));
        Assert.Equal(["ann"], one.Texts("users"));
        Assert.Equal(JsonValueKind.Object, one.GetProperty("info").GetProperty("ann").ValueKind);
    }

    [Fact]
    public async Task A_namespace_without_presence_says_so()
    {
        await using var client = await gateway.ConnectAsync();

        var error = await client.AskAsync("""{"type":"presence","channel":"plain","id":9}""", "error");

        Assert.Equal(("bad_request", "plain", 9), (error.Text("code"), error.Text("channel"), error.Number("id")));
    }
}
