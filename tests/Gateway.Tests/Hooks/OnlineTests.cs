using Gateway.Server.Auth;
using Gateway.TestSupport;
using Gateway.Tests.Auth;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Hooks;

/// <summary>What the backend is told of channels and users by a node that stands alone: the same as by several.</summary>
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
                await backend.ToldAsync(3);
            await backend.ToldAsync(4);
        }

        var told = await backend.ToldAsync(6);
        Assert.Equal(["connected", "online", "connected", "disconnected", "disconnected", "offline"], told.Select(one => one.Text("type")));
        foreach (var one in told.Where(one => one.Text("type").EndsWith("line", StringComparison.Ordinal)))
        {
            Assert.Equal(("ann", true), (one.Text("user"), one.GetProperty("cluster").GetBoolean()));
            Assert.False(one.Has("connection"));
            Assert.False(one.Has("channel"));
        }
    }

    [Fact]
    public async Task Who_signs_in_is_online_from_then_on_and_who_does_not_never_is()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await TokenServer.StartAsync(backend.Settings("connected,online,offline", "Auth:Required=false"));
        await using (var ann = await server.OpenAsync())
        {
            await ann.ReceiveAsync("connected");
            await ann.AskAsync($$"""{"type":"auth","token":"{{TokenServer.Key.Token("ann", server.Now.AddHours(1))}}"}""", "connected");
        }
        var told = await backend.ToldAsync(4);

        Assert.Equal(["connected", "connected", "online", "offline"], told.Select(one => one.Text("type")));
        Assert.All(told.Skip(1), one => Assert.Equal("ann", one.Text("user")));
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

        var told = await backend.ToldAsync(40);
        Assert.All(told, one => Assert.True(one.GetProperty("cluster").GetBoolean()));
        Assert.All(told.Zip(told.Skip(1)), pair => Assert.True(pair.First.Number("version") < pair.Second.Number("version")));
    }
}
