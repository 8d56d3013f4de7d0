using System.Globalization;
using Gateway.TestSupport;

namespace Gateway.Tests.Process;

public sealed class StalledThousandTests
{
    private const int Clients = 1_000;
    private const int OutboundBytes = 128 * 1024;
    private const int MessageBytes = 4 * 1024;

    /// <summary>The messages to each client: far more than its queue and the kernel's buffers of an unread socket hold.</summary>
    private const int Rounds = 160;

    /// <summary>
    /// The most that one client may hold: a buffer is up to twice as long as its content, and the next send is held beside the queue.
    /// </summary>
    private const long BytesPerClient = (2 * OutboundBytes) + (64 * 1024);

    /// <summary>
    /// The bytes that do not depend on the number of clients: buffers in use, messages under way, capacity for the collector.
    /// </summary>
    private const long Base = 128 << 20;

    /// <summary>The memory of code, stacks and the runtime itself.</summary>
    private const long NotOnTheHeap = 128 << 20;

    private const long HeapLimit = (Clients * BytesPerClient) + Base;

    [Fact]
    public async Task A_thousand_clients_that_do_not_read_hold_no_more_than_their_queues()
    {
        // Under a heap limit the collector frees garbage in time, and the process dies when the live objects alone pass the limit.
        await using var gateway = await GatewayProcess.StartAsync(new GatewayLaunch
        {
            Settings = [$"Limits:OutboundBytes={OutboundBytes}", "Namespaces:default:SlowConsumer=drop-oldest"],
            Environment = new Dictionary<string, string>
            {
                ["DOTNET_GCHeapHardLimit"] = HeapLimit.ToString("X", CultureInfo.InvariantCulture),
            },
        });
        await using var publisher = await JsonClient.ConnectAsync(gateway.WebSocketUri);
        var stalled = await Task.WhenAll(Enumerable.Range(0, Clients).Select(i => StallAsync(gateway, $"c{i}")));
        try
        {
            // No two clients share a message.
            string content = "\"" + new string('x', MessageBytes) + "\"";
            for (int round = 0; round < Rounds; round++)
            {
                for (int i = 0; i < Clients; i++)
                    await publisher.PublishAsync($"c{i}", content);
                await publisher.AskAsync("""{"type":"ping"}""", "pong");
            }

            Assert.InRange(gateway.ResidentBytes, (long)Clients * OutboundBytes, HeapLimit + NotOnTheHeap);
        }
        finally
        {
            foreach (var client in stalled)
                await client.DisposeAsync();
        }
    }

    private static async Task<RawWebSocket> StallAsync(GatewayProcess gateway, string channel)
    {
        var client = await RawWebSocket.ConnectAsync(gateway.PublicPort, receiveBuffer: 4096);
        await client.ReadMessageAsync();
        await client.SendMessageAsync($$"""{"type":"subscribe","channel":"{{channel}}"}""");
        await client.ReadMessageAsync();
        return client;
    }
}
