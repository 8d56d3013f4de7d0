using Gateway.TestSupport;

namespace Gateway.Tests.Compression;

/// <summary>What an idle connection holds because it has agreed on compression: nothing.</summary>
[Collection(nameof(AloneCollection))]
public sealed class CompressedFootprintTests
{
    private const int Connections = 4_000;

    /// <summary>The most bytes that each may have more than one without; what differs is the noise of the whole process.</summary>
    private const double Allowed = 16;

    [Fact]
    public async Task An_idle_connection_that_compresses_holds_no_more_than_one_that_does_not()
    {
        await using var server = await GatewayServer.StartAsync(
            "Limits:Connections=0", "Limits:ConnectionsPerAddress=0", "Limits:SocketsPerAddress=0", "Heartbeat:Ping=01:00:00");
        // What is made once is made here.
        await BytesEachAsync(server, 200, CompressingClient.Offer);
        await BytesEachAsync(server, 200, offer: null);

        double without = await BytesEachAsync(server, Connections, offer: null);
        double with = await BytesEachAsync(server, Connections, CompressingClient.Offer);

        Assert.InRange(with - without, double.NegativeInfinity, Allowed);
    }

    /// <summary>
    /// Bytes on the heap for each of so many connections that have sent and received, both ends of them, and are quiet now.
    /// </summary>
    private static async Task<double> BytesEachAsync(GatewayServer server, int count, string? offer)
    {
        var sockets = new RawWebSocket?[count];
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) =>
        {
            var client = await CompressingClient.ConnectAsync(server.PublicPort, offer);
            // Longer than the threshold, so that both directions are compressed where that was agreed on.
            string ping = $$"""{"type":"ping","id":"{{new string('x', 600)}}"}""";
            await client.SendAsync(ping, isCompressed: offer is not null);
            var (_, isCompressed) = await client.ReadAsync("pong");
            Assert.Equal(offer is not null, isCompressed);
            sockets[i] = client.Socket;
        });
        long after = GC.GetTotalMemory(forceFullCollection: true);
        foreach (var socket in sockets)
            socket!.Reset();
        await Eventually.TrueAsync(() => server.Connections.Count == 0, "all have left");
        return (double)(after - before) / count;
    }
}
