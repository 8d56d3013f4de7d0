using System.Globalization;
using System.Net.Sockets;
using Gateway.TestSupport;

namespace Gateway.Tests.Process;

/// <summary>
/// The resident memory of idle connections, of a process that has served nothing else. It is measured, so no test runs beside this one.
/// </summary>
[Collection(nameof(AloneCollection))]
public sealed class IdleMemoryTests
{
    /// <summary>Half of what the test's own process may open.</summary>
    private const int Connections = 10_000;

    /// <summary>
    /// 490 to 890 were measured, after what connecting had left behind was given back, and with it up to 2 MB of what the start had; a
    /// tenth is room.
    /// </summary>
    private const long MostBytes = 1_000;

    /// <summary>
    /// Code is compiled once, before anything is measured: when and how often it is compiled again, with some 6 MB in all, depends on the
    /// machine.
    /// </summary>
    private static readonly GatewayLaunch Launch = new()
    {
        Settings = ["Transport:Kind=epoll"],
        Environment = new Dictionary<string, string> { ["DOTNET_TieredCompilation"] = "0" },
    };

    [Fact]
    public async Task Ten_thousand_subscribed_connections_take_no_more_than_their_documented_memory()
    {
        await using var gateway = await GatewayProcess.StartAsync(Launch);
        using var http = new HttpClient();
        // The code is there and its pools are filled before anything is measured.
        await using (await SubscribeAsync(gateway))
            Assert.Equal(1, await GaugeAsync("gateway_subscriptions"));
        await Eventually.TrueAsync(async () => await GaugeAsync("gateway_connections") == 0, "the first client is gone");
        long before = gateway.ResidentBytes;
        var clients = new List<RawWebSocket>();
        try
        {
            while (clients.Count < Connections)
                clients.AddRange(await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => SubscribeAsync(gateway))));
            await Eventually.TrueAsync(
                async () => await GaugeAsync("gateway_heap_compactions_total") == 1, "what connecting has left behind is given back");
            long each = 0;
            await Eventually.TrueAsync(
                () => (each = (gateway.ResidentBytes - before) / Connections) <= MostBytes,
                $"a connection takes {MostBytes} bytes at most");

            TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes for each connection");
            Assert.InRange(each, 1, MostBytes);
            Assert.Equal(Connections, await GaugeAsync("gateway_connections"));
            Assert.Equal(Connections, await GaugeAsync("gateway_subscriptions"));
            Assert.All(clients, client => Assert.False(HasEnded(client.Socket)));
        }
        finally
        {
            foreach (var client in clients)
                await client.DisposeAsync();
        }

        async Task<long> GaugeAsync(string name)
        {
            string metrics = await http.GetStringAsync(new Uri($"http://127.0.0.1:{gateway.InternalPort}/metrics"));
            return metrics.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal) && line[name.Length] is ' ' or '{')
                .Sum(line => long.Parse(line[line.LastIndexOf(' ')..], CultureInfo.InvariantCulture));
        }
    }

    private static async Task<RawWebSocket> SubscribeAsync(GatewayProcess gateway)
    {
        var client = await RawWebSocket.ConnectAsync(gateway.PublicPort);
        await client.SendMessageAsync("""{"type":"subscribe","channel":"quiet"}""");
        await client.ReadUntilAsync(message => message.Text("type") == "subscribed");
        return client;
    }

    /// <summary>A socket that can be read and has nothing to read is at its end.</summary>
    private static bool HasEnded(Socket socket) => socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0;
}
