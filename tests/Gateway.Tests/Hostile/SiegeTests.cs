using System.Globalization;
using System.Net.Sockets;
using Gateway.TestSupport;

namespace Gateway.Tests.Hostile;

/// <summary>
/// All attacks at once against one gateway, while well-behaved clients talk to each other and lose nothing. Takes 10 s;
/// <c>GATEWAY_SIEGE_SECONDS</c> makes it longer.
/// </summary>
public sealed class SiegeTests
{
    private const int Publishers = 3, Subscribers = 4, AttackersOfAKind = 2;

    private static readonly TimeSpan Duration =
        TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("GATEWAY_SIEGE_SECONDS") ?? "10", CultureInfo.InvariantCulture));

    /// <summary>The gateway's measures against the attacks, in the order of their list, as its metrics count them.</summary>
    private static readonly string[] Consequences =
    [
        // Slow upgrades; oversized headers; smuggled requests, and a broken HTTP client.
        """gateway_cuts_total{reason="handshake_timeout"}""",
        """gateway_refusals_total{status="431",reason="limit_exceeded"}""",
        """gateway_refusals_total{status="400",reason="bad_request"}""",
        // Floods of pings, fragments and messages; JSON bombs; too many subscriptions.
        """gateway_disconnects_total{code="4029"}""",
        """gateway_rate_limited_total{action="reject"}""",
        """gateway_errors_total{code="bad_request"}""",
        """gateway_errors_total{code="limit_exceeded"}""",
        // Clients that do not read, do not answer pings, break the protocol, or reset.
        """gateway_slow_consumers_total{policy="disconnect"}""",
        """gateway_disconnects_total{code="4011"}""",
        """gateway_disconnects_total{code="1002"}""",
        """gateway_disconnects_total{code="1006"}""",
    ];

    /// <summary>The gauges of a gateway's clients; without clients they are 0.</summary>
    private static readonly string[] Held =
        ["""gateway_connections{transport="websocket"}""", "gateway_channels", "gateway_subscriptions"];

    /// <summary>Bytes that the heap and the pools may keep after a siege. About 50 MB were measured when the test was written.</summary>
    private const long MemoryKept = 256L << 20;

    [Fact]
    public async Task Well_behaved_clients_lose_nothing_while_everybody_else_attacks_and_afterwards_all_is_as_before()
    {
        await using var gateway = await GatewayProcess.StartAsync(
            "Limits:MessagesPerSecond=100", "Limits:MessageBurst=200", "Limits:BytesPerSecond=1048576", "Limits:ByteBurst=2097152",
            "Limits:Handshake=00:00:02", "Limits:OutboundBytes=262144", "Heartbeat:Ping=00:00:01", "Heartbeat:PongTimeout=00:00:05",
            "Namespaces:room:Presence=true", "Namespaces:room:History=10");
        int port = gateway.PublicPort;
        await ExchangeAsync(gateway, TimeSpan.FromSeconds(1));
        long before = Resident(gateway);

        using var stop = new CancellationTokenSource();
        var attacks = Attackers.All.Values.SelectMany(attack => Enumerable.Range(0, AttackersOfAKind).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
                await OnceAsync(attack, port, stop.Token);
        }))).ToList();
        int exchanged = await ExchangeAsync(gateway, Duration);
        await stop.CancelAsync();
        await Task.WhenAll(attacks);

        Assert.True(exchanged > Publishers * Subscribers * 10, $"only {exchanged} messages were exchanged");
        string scraped = await ScrapeAsync(gateway);
        // A measure that was not counted means that the attack did not take place or was let through.
        Assert.All(Consequences, sample => Assert.True(ValueOf(scraped, sample) > 0, sample));
        Assert.Empty(gateway.Errors);
        Assert.DoesNotContain("fail:", gateway.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("crit:", gateway.Output, StringComparison.Ordinal);
        await ExchangeAsync(gateway, TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(
            async () => await ScrapeAsync(gateway) is var idle && Held.All(sample => ValueOf(idle, sample) == 0),
            "nothing is left of attackers and clients");
        long after = Resident(gateway);
        Assert.True(after - before < MemoryKept, $"{before >> 20} MB before, {after >> 20} MB after");
    }

    private static async Task OnceAsync(Func<int, CancellationToken, Task> attack, int port, CancellationToken stop)
    {
        try
        {
            // The test does not wait for an attacker that waits for an answer.
            await attack(port, stop).WaitAsync(stop);
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }

    /// <summary>Each publisher numbers its messages, and each subscriber sees every number of every publisher in order.</summary>
    /// <returns>Messages received.</returns>
    private static async Task<int> ExchangeAsync(GatewayProcess gateway, TimeSpan duration)
    {
        var subscribers = await Task.WhenAll(Enumerable.Range(0, Subscribers).Select(async _ =>
        {
            var client = await JsonClient.ConnectAsync(gateway.WebSocketUri);
            await client.SubscribeAsync("busy");
            return client;
        }));
        var publishers = await Task.WhenAll(Enumerable.Range(0, Publishers).Select(_ => JsonClient.ConnectAsync(gateway.WebSocketUri)));
        using var time = new CancellationTokenSource(duration);
        var publishing = publishers.Select(publisher => PublishAsync(publisher, time.Token)).ToList();
        int[] received = await Task.WhenAll(subscribers.Select(CheckAsync));
        int[] sent = await Task.WhenAll(publishing);
        Assert.All(received, count => Assert.Equal(sent.Sum(), count));
        foreach (var client in subscribers.Concat(publishers))
            await client.DisposeAsync();
        return received.Sum();
    }

    private static async Task<int> PublishAsync(JsonClient publisher, CancellationToken time)
    {
        int sent = 0;
        string padding = new('x', 2_000);
        while (!time.IsCancellationRequested)
        {
            sent++;
            await publisher.PublishAsync("busy", $$"""{"n":{{sent}},"last":false,"padding":"{{padding}}"}""", $$""","id":{{sent}}""");
            await publisher.ReceiveAsync("ack");
            await Task.Delay(15, CancellationToken.None);
        }
        await publisher.PublishAsync("busy", $$"""{"n":{{++sent}},"last":true}""", ""","id":"last" """);
        await publisher.ReceiveAsync("ack");
        return sent;
    }

    private static async Task<int> CheckAsync(JsonClient subscriber)
    {
        var next = new Dictionary<string, int>();
        (int received, int ended) = (0, 0);
        while (ended < Publishers)
        {
            var message = await subscriber.ReceiveAsync("message");
            string sender = message.Text("sender");
            int n = next[sender] = next.GetValueOrDefault(sender) + 1;
            Assert.Equal(n, message.GetProperty("content").Number("n"));
            ended += message.GetProperty("content").GetProperty("last").GetBoolean() ? 1 : 0;
            received++;
        }
        return received;
    }

    private static async Task<string> ScrapeAsync(GatewayProcess gateway)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri($"http://127.0.0.1:{gateway.InternalPort}/metrics"));
    }

    /// <summary>The value of one sample; 0 while the gateway has not counted it yet.</summary>
    private static double ValueOf(string scraped, string sample) => scraped.Split('\n')
        .Where(line => line.StartsWith(sample + " ", StringComparison.Ordinal))
        .Select(line => double.Parse(line[(sample.Length + 1)..], CultureInfo.InvariantCulture))
        .SingleOrDefault();

    private static long Resident(GatewayProcess gateway)
    {
        using var process = System.Diagnostics.Process.GetProcessById(gateway.Id);
        return process.WorkingSet64;
    }
}
