using Gateway.TestSupport;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.WebSockets;

/// <summary>Cleanup of WebSockets: nothing of a connection is left, however it ended.</summary>
public sealed class CleanupTests
{
    private static readonly Func<RawWebSocket, Task>[] Ends =
    [
        async client =>
        {
            await client.SendAsync(RawWebSocket.CloseFrame(1000));
            Assert.Equal(1000, (await FrameAsync(client, Close)).CloseCode);
        },
        client => client.SendAsync(RawWebSocket.CloseFrame(1001)),
        client =>
        {
            client.FinishSending();
            return Task.CompletedTask;
        },
        async client => await client.DisposeAsync(),
        client =>
        {
            client.Reset();
            return Task.CompletedTask;
        },
        async client =>
        {
            await client.SendAsync(RawWebSocket.Frame(Binary, Bytes(50_000)).AsMemory(0, 20_000));
            client.Reset();
        },
        async client =>
        {
            await client.SendAsync(new byte[] { 0x81, 0xFE });
            client.FinishSending();
        },
        async client =>
        {
            await client.SendAsync(Enumerable.Repeat(RawWebSocket.Frame(Binary, Bytes(60_000)), 5).SelectMany(frame => frame).ToArray());
            client.Reset();
        },
        client => client.SendAsync(new byte[] { 0xFF }),
    ];

    [Theory]
    [InlineData("/echo")]
    [InlineData("/ws")]
    public async Task Two_hundred_connections_that_end_in_every_way_leave_nothing(string path)
    {
        await using var server = await GatewayServer.StartAsync("Diagnostics:Echo=true", "Heartbeat:PongTimeout=00:00:01");
        var clients = new List<RawWebSocket>();
        try
        {
            for (int i = 0; i < 200; i++)
                clients.Add(await RawWebSocket.ConnectAsync(server.PublicPort, path));
            await Eventually.TrueAsync(() => server.Connections.Count == 200, "all 200 are in the table");
            for (int i = 0; i < clients.Count; i++)
            {
                if (path == "/ws")
                    await FrameAsync(clients[i], Text);
                await Ends[i % Ends.Length](clients[i]);
            }
            await Eventually.TrueAsync(() => server.Connections.Count == 0, "the table is empty");
        }
        finally
        {
            foreach (var client in clients)
                await client.DisposeAsync();
        }
    }
}
