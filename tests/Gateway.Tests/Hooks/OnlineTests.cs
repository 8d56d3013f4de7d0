using Gateway.Server.Auth;
using Gateway.TestSupport;
using Gateway.Tests.Auth;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Hooks;

/// <summary>Occupancy events of a node that stands alone, which are those of several nodes.</summary>
public sealed class OnlineTests
{
    [Fact]
    public async Task A_user_is_online_from_the_first_connection_to_the_last()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(
            backend.Settings("connected,disconnected,online,offline"),
            services => services.AddSingleton<IAuthenticator, QueryAuthenticator>());
        await using (await JsonClient.ConnectAsync(server, "?user=ann"))
        {
            await using (await JsonClient.ConnectAsync(server, "?user=ann"))
                await backend.EventsAsync(3);
            await backend.EventsAsync(4);
        }

        var events = await backend.EventsAsync(6);
        Assert.Equal(
            ["connected", "online", "connected", "disconnected", "disconnected", "offline"], events.Select(one => one.Text("type")));
        foreach (var one in events.Where(one => one.Text("type").EndsWith("line", StringComparison.Ordinal)))
        {
            Assert.Equal(("ann", true), (one.Text("user"), one.GetProperty("cluster").GetBoolean()));
            Assert.False(one.Has("connection"));
            Assert.False(one.Has("channel"));
        }
    }

    [Fact]
    public async Task A_user_is_online_after_signing_in_and_never_without()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await TokenServer.StartAsync(backend.Settings("connected,online,offline", "Auth:Required=false"));
        await using (var ann = await server.OpenAsync())
        {
            await ann.ReceiveAsync("connected");
            await ann.AskAsync($$"""{"type":"auth","token":"{{TokenServer.Key.Token("ann", server.Now.AddHours(1))}}"}""", "connected");
        }
        var events = await backend.EventsAsync(4);

        Assert.Equal(["connected", "connected", "online", "offline"], events.Select(one => one.Text("type")));
        Assert.All(events.Skip(1), one => Assert.Equal("ann", one.Text("user")));
    }

    [Fact]
    public async Task Each_change_of_a_channel_has_a_greater_version_than_the_one_before()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("occupied,vacated"));
        await using var client = await JsonClient.ConnectAsync(server);
        for (int i = 0; i < 20; i++)
        {
            await client.SubscribeAsync("a");
            await client.AskAsync("""{"type":"unsubscribe","channel":"a"}""", "unsubscribed");
        }

        var events = await backend.EventsAsync(40);
        Assert.All(events, one => Assert.True(one.GetProperty("cluster").GetBoolean()));
        Assert.All(events.Zip(events.Skip(1)), pair => Assert.True(pair.First.Number("version") < pair.Second.Number("version")));
    }
}
