using System.Text.Json;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.TestSupport;

namespace Gateway.Tests.Sessions;

/// <summary>A subscriber that has stopped reading, with the server's view of it.</summary>
internal sealed class Stalled : IAsyncDisposable
{
    private Stalled(RawWebSocket socket, Connection connection)
    {
        Socket = socket;
        Connection = connection;
    }

    public RawWebSocket Socket { get; }

    public Connection Connection { get; }

    /// <summary>Connects, subscribes to all channels, and reads no further.</summary>
    public static async Task<Stalled> StartAsync(GatewayServer server, params string[] channels)
    {
        var socket = await RawWebSocket.ConnectAsync(server.PublicPort, receiveBuffer: 4096);
        string id = (await socket.ReadMessageAsync()).Text("connection");
        foreach (string channel in channels)
        {
            await socket.SendMessageAsync($$"""{"type":"subscribe","channel":"{{channel}}"}""");
            await socket.ReadUntilAsync(message => message.Text("type") == "subscribed");
        }
        return new Stalled(socket, server.Connections.All().Single(connection => connection.Id.ToString() == id));
    }

    /// <summary>
    /// Publishes while the client does not read, and checks that a healthy subscriber gets everything and the queue keeps to its limit.
    /// </summary>
    public async Task EndureAsync(JsonClient publisher, JsonClient healthy, string[] channels, int messages, int bytes, long limit)
    {
        string padding = new('x', bytes);
        for (int i = 0; i < messages; i++)
        {
            await publisher.PublishAsync(channels[i % channels.Length], $$"""{"n":{{i}},"p":"{{padding}}"}""");
            Assert.Equal(i, (await healthy.ReceiveAsync("message")).GetProperty("content").Number("n"));
            Assert.InRange(Connection.Writer.QueuedBytes, 0, limit);
        }
    }

    /// <summary>Reads messages until one fits. A message that is not whole JSON fails the test.</summary>
    public async Task<List<JsonElement>> ReadThroughAsync(Func<JsonElement, bool> last)
    {
        var messages = new List<JsonElement>();
        do
            messages.Add(await Socket.ReadMessageAsync());
        while (!last(messages[^1]));
        return messages;
    }

    public ValueTask DisposeAsync() => Socket.DisposeAsync();
}
