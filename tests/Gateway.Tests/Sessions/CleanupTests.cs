using Gateway.Server.Backplane;
using Gateway.Server.Listening;
using Gateway.Server.Naming;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Sessions;

/// <summary>Cleanup: nothing of a connection is left, however it ended.</summary>
public sealed class CleanupTests
{
    private const int Clients = 60;
    private static readonly string[] Channels = ["room:all", "log:all", "plain", "room:2", "log:2"];

    [Theory]
    [InlineData("reset")]
    [InlineData("end of stream")]
    [InlineData("reset in the middle of a message")]
    [InlineData("end of stream in the middle of a message")]
    [InlineData("close frame")]
    [InlineData("violation")]
    public async Task Nothing_is_left_of_many_subscribed_connections_after(string ending)
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:room:Presence=true", "Namespaces:log:History=10");
        var clients = await ConnectAsync(server);
        Assert.Equal(Clients, server.Connections.Count);
        Assert.Equal(Channels.Length + Clients, server.Channels.Count);

        await Task.WhenAll(clients.Select(client => EndAsync(client, ending)));

        await AssertNothingLeftAsync(server);
    }

    [Fact]
    public async Task Nothing_is_left_of_connections_that_vanish_while_messages_are_on_their_way_to_them()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:room:Presence=true", "Namespaces:log:History=10");
        var clients = await ConnectAsync(server);
        await using (var publisher = await JsonClient.ConnectAsync(server))
        {
            string content = "\"" + new string('x', 20_000) + "\"";
            for (int i = 0; i < clients.Count; i++)
            {
                foreach (string channel in Channels)
                    await publisher.PublishAsync(channel, content);
                clients[i].Reset();
            }
        }

        await AssertNothingLeftAsync(server);
    }

    [Fact]
    public async Task Nothing_is_left_of_connections_that_never_finished_their_request()
    {
        await using var server = await GatewayServer.StartAsync();
        var deadlines = server.Services.GetRequiredService<HandshakeDeadlines>();
        var clients = new List<RawWebSocket>();
        for (int i = 0; i < Clients; i++)
        {
            clients.Add(await RawWebSocket.ConnectTcpAsync(server.PublicPort));
            await clients[i].SendTextAsync(RawWebSocket.UpgradeRequest("/ws")[..(i + 1)]);
        }
        await Eventually.TrueAsync(() => deadlines.Count == Clients, "all requests have begun");

        for (int i = 0; i < Clients; i++)
        {
            if (i % 2 == 0)
                clients[i].Reset();
            else
                await clients[i].DisposeAsync();
        }

        await AssertNothingLeftAsync(server);
    }

    /// <summary>Subscribes each client to all <see cref="Channels"/> and one of its own.</summary>
    private static async Task<List<RawWebSocket>> ConnectAsync(GatewayServer server)
    {
        var clients = new List<RawWebSocket>();
        for (int i = 0; i < Clients; i++)
        {
            var client = await RawWebSocket.ConnectAsync(server.PublicPort);
            clients.Add(client);
            foreach (string channel in Channels.Append($"own-{i}"))
            {
                await client.SendMessageAsync($$"""{"type":"subscribe","channel":"{{channel}}"}""");
                await client.ReadUntilAsync(message => message.Text("type") == "subscribed" && message.Text("channel") == channel);
            }
        }
        return clients;
    }

    private static async Task EndAsync(RawWebSocket client, string ending)
    {
        byte[] message = RawWebSocket.TextFrame("""{"type":"message","channel":"plain","content":"never finished"}""");
        if (ending.EndsWith("message", StringComparison.Ordinal))
            await client.SendAsync(message.AsMemory(0, message.Length / 2));
        if (ending == "close frame")
            await client.SendAsync(RawWebSocket.CloseFrame(1000));
        if (ending == "violation")
            await client.SendAsync(RawWebSocket.Frame(3, []));
        if (ending.StartsWith("reset", StringComparison.Ordinal))
            client.Reset();
        else if (ending is "close frame" or "violation")
            await client.ReadUntilCloseAsync();
        await client.DisposeAsync();
    }

    private static async Task AssertNothingLeftAsync(GatewayServer server)
    {
        var backplane = server.Services.GetRequiredService<IBackplane>();
        var namespaces = server.Services.GetRequiredService<Namespaces>();
        await Eventually.TrueAsync(() => server.Connections.Count == 0, "no connection is left");
        await Eventually.TrueAsync(() => server.Channels.Count == 0, "no channel is left");
        await Eventually.TrueAsync(() => server.Services.GetRequiredService<HandshakeDeadlines>().Count == 0, "no deadline is left");
        foreach (string channel in Channels)
        {
            var name = namespaces.TryName(System.Text.Encoding.UTF8.GetBytes(channel), out _)!;
            Assert.Equal(0, (await backplane.PresenceAsync(name, maxUsers: 10))!.State.Count);
        }
    }
}
