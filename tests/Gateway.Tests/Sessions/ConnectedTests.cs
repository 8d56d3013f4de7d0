using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Sessions;

public sealed class ConnectedTests
{
    [Fact]
    public async Task The_first_message_says_which_connection_user_and_node_and_how_often_it_is_pinged()
    {
        await using var server = await GatewayServer.StartAsync("Node=edge-7", "Heartbeat:Ping=00:00:12.5");
        await using var client = await JsonClient.ConnectAsync(server);

        Assert.Equal("anonymous-" + client.ConnectionId, client.User);
        Assert.Equal("edge-7", client.Connected.Text("node"));
        Assert.Equal(12_500, client.Connected.Number("ping"));
        Assert.Equal(["type", "connection", "user", "node", "ping"], client.Connected.EnumerateObject().Select(field => field.Name));
    }

    [Fact]
    public async Task Every_connection_has_an_id_of_its_own()
    {
        await using var server = await GatewayServer.StartAsync();
        await using var one = await JsonClient.ConnectAsync(server);
        await using var two = await JsonClient.ConnectAsync(server);

        Assert.NotEqual(one.ConnectionId, two.ConnectionId);
    }

    [Fact]
    public async Task A_node_without_a_configured_name_calls_itself_after_its_host()
    {
        await using var server = await GatewayServer.StartAsync();
        await using var client = await JsonClient.ConnectAsync(server);

        Assert.StartsWith(Environment.MachineName + "-", client.Connected.Text("node"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Channels_are_not_mentioned_to_a_client_that_the_server_subscribed_to_none()
    {
        await using var server = await GatewayServer.StartAsync();
        await using var client = await JsonClient.ConnectAsync(server);

        Assert.False(client.Connected.TryGetProperty("subscriptions", out JsonElement _));
    }
}
