using System.Text.Json;
using Gateway.Server.Auth;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Sessions;

/// <summary>A subscriber that stops reading and has messages dropped: afterwards it knows all the same who is present.</summary>
public sealed class SlowPresenceTests
{
    private const string Channel = "room:a";
    private const int Limit = 100_000;

    [Theory]
    [InlineData("drop-oldest")]
    [InlineData("latest")]
    public async Task A_subscriber_that_misses_messages_misses_no_user_who_comes_or_goes(string policy)
    {
        await using var server = await StartAsync(policy);
        await using var stalled = await Stalled.StartAsync(server, Channel);
        await using var publisher = await JsonClient.ConnectAsync(server, "?user=publisher");
        await using var healthy = await JsonClient.ConnectAsync(server, "?user=healthy");
        var view = new PresenceView(Channel);
        view.Apply(await healthy.SubscribeAsync(Channel));
        await FloodAsync(stalled, publisher, healthy, view, 0, 1_000);

        await using var stays = await JsonClient.ConnectAsync(server, "?user=stays");
        await using var goes = await JsonClient.ConnectAsync(server, "?user=goes");
        await stays.SubscribeAsync(Channel);
        await goes.SubscribeAsync(Channel);
        await UntilAsync(healthy, view, "goes,healthy,stays");
        await FloodAsync(stalled, publisher, healthy, view, 1_000, 200);
        await goes.DisposeAsync();
        await UntilAsync(healthy, view, "healthy,stays");
        await FloodAsync(stalled, publisher, healthy, view, 1_200, 200);

        await KnowsAsync(stalled, server, "healthy,stays");
    }

    [Theory]
    [InlineData("drop-oldest")]
    [InlineData("latest")]
    public async Task A_subscriber_that_could_not_be_sent_all_changes_is_sent_a_snapshot_when_its_queue_has_capacity(string policy)
    {
        await using var server = await StartAsync(policy);
        await using var stalled = await Stalled.StartAsync(server, Channel);
        await using var publisher = await JsonClient.ConnectAsync(server, "?user=publisher");
        await using var healthy = await JsonClient.ConnectAsync(server, "?user=healthy");
        var view = new PresenceView(Channel);
        view.Apply(await healthy.SubscribeAsync(Channel));
        await FloodAsync(stalled, publisher, healthy, view, 0, 1_000);

        // Changes alone are more than the queue takes.
        string info = Uri.EscapeDataString($$"""{"about":"{{new string('x', 5_000)}}"}""");
        for (int i = 0; i < 30; i++)
        {
            await using var visitor = await JsonClient.ConnectAsync(server, $"?user=visitor&info={info}");
            await visitor.SubscribeAsync(Channel);
            await UntilAsync(healthy, view, "healthy,visitor");
            await visitor.DisposeAsync();
            await UntilAsync(healthy, view, "healthy");
        }
        await using var stays = await JsonClient.ConnectAsync(server, "?user=stays");
        await stays.SubscribeAsync(Channel);
        await UntilAsync(healthy, view, "healthy,stays");

        await KnowsAsync(stalled, server, "healthy,stays");
    }

    private static Task<GatewayServer> StartAsync(string policy) => GatewayServer.StartAsync(
        [$"Limits:OutboundBytes={Limit}", "Namespaces:room:Presence=true", $"Namespaces:room:SlowConsumer={policy}"],
        services => services.AddSingleton<IAuthenticator, QueryAuthenticator>());

    private static async Task FloodAsync(Stalled stalled, JsonClient publisher, JsonClient healthy, PresenceView view, int first, int count)
    {
        string padding = new('x', 5_000);
        for (int i = first; i < first + count; i++)
        {
            await publisher.PublishAsync(Channel, $$"""{"n":{{i}},"p":"{{padding}}"}""");
            JsonElement next;
            while ((next = await healthy.ReceiveAsync()).Text("type") != "message")
                view.Apply(next);
            Assert.InRange(stalled.Connection.Writer.QueuedBytes, 0, Limit);
        }
    }

    /// <summary>Reads until these users and the stalled subscriber, which has a user name of its own, are present.</summary>
    private static async Task UntilAsync(JsonClient client, PresenceView view, string users)
    {
        while (Named(view) != users)
            view.Apply(await client.ReceiveAsync());
    }

    private static async Task KnowsAsync(Stalled stalled, GatewayServer server, string users)
    {
        // The first snapshot was read when it subscribed, as the only user.
        var view = new PresenceView(Channel);
        string last = "";
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (Named(view) != users)
        {
            Assert.True(clock.Elapsed < Eventually.Limit, $"it knows of {view.Users} after {last}");
            var message = await stalled.Socket.ReadMessageAsync();
            last = message.Text("type");
            view.Apply(message);
        }
        // The view stays right: a later change arrives too.
        await using var late = await JsonClient.ConnectAsync(server, "?user=late");
        await late.SubscribeAsync(Channel);
        while (Named(view) != "healthy,late," + users["healthy,".Length..])
            view.Apply(await stalled.Socket.ReadMessageAsync());
        Assert.False(stalled.Connection.IsClosing);
    }

    private static string Named(PresenceView view) =>
        string.Join(',', view.Users.Split(',').Where(user => !user.StartsWith("anonymous-", StringComparison.Ordinal)));
}
