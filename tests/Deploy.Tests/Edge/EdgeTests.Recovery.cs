using Gateway.Client;
using Gateway.TestSupport;

namespace Gateway.Deploy.Tests.Edge;

// Nodes that end, by accident or for an upgrade.
public abstract partial class EdgeTests
{
    [Fact]
    public async Task Clients_of_a_killed_node_come_back_on_the_other_and_miss_nothing()
    {
        const int Half = 50;
        await using var edge = await StartAsync();
        await using var publisher = await JsonClient.ConnectAsync(edge.Nodes[1].WebSocketUri);
        var clients = new List<GatewayClient>();
        var subscriptions = new List<Subscription<int>>();
        try
        {
            // At least four, and one at least at the node that is about to die.
            while (clients.Count < 4 || !edge.Nodes[0].Output.Contains("opened.", StringComparison.Ordinal))
            {
                Assert.True(clients.Count < 60);
                clients.Add(ClientOf(edge));
                subscriptions.Add(clients[^1].Subscribe<int>("log:x"));
                await subscriptions[^1].Started;
            }
            var following = subscriptions.Select(subscription => TakeAsync(subscription, number => number == 2 * Half)).ToArray();
            await publisher.PublishManyAsync("log:x", Half);

            edge.Nodes[0].Kill();
            await publisher.PublishManyAsync("log:x", Half, Half + 1);

            foreach (var numbers in await Task.WhenAll(following))
                Assert.Equal(Enumerable.Range(1, 2 * Half), numbers);
        }
        finally
        {
            foreach (var client in clients)
                await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task Nodes_upgraded_one_after_the_other_lose_no_message()
    {
        const int Last = -1;
        await using var edge = await StartAsync("1m", "Drain:Duration=00:00:01");
        var clients = Enumerable.Range(0, 5).Select(_ => ClientOf(edge)).ToList();
        try
        {
            var subscriptions = clients.Select(client => client.Subscribe<int>("log:x")).ToList();
            await Task.WhenAll(subscriptions.Select(subscription => subscription.Started));
            var following = subscriptions.Select(subscription => TakeAsync(subscription, number => number == Last)).ToArray();
            using var stop = new CancellationTokenSource();
            var publishing = PublishAsync(clients[0], stop.Token);

            await edge.RestartAsync(0);
            await edge.RestartAsync(1);

            await stop.CancelAsync();
            int count = await publishing;
            await clients[0].PublishAsync("log:x", Last);
            foreach (var numbers in await Task.WhenAll(following))
                Assert.Equal([.. Enumerable.Range(1, count), Last], numbers);
        }
        finally
        {
            foreach (var client in clients)
                await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task An_EventSource_of_a_killed_node_comes_back_on_the_other_and_misses_nothing()
    {
        await using var edge = await StartAsync();
        await using var script = NodeScript.Follow($"https://localhost:{edge.Proxy.ByAddress}", edge.Certificate.PemPath, last: 60);
        await script.SaysAsync("subscribed");
        var (its, other) = edge.Nodes[0].Output.Contains("opened.", StringComparison.Ordinal)
            ? (edge.Nodes[0], edge.Nodes[1])
            : (edge.Nodes[1], edge.Nodes[0]);
        await using var publisher = await JsonClient.ConnectAsync(other.WebSocketUri);
        await publisher.PublishManyAsync("log:a", 20);

        its.Kill();
        await publisher.PublishManyAsync("log:a", 20, first: 21);
        await script.SaysAsync("recovered");
        await publisher.PublishManyAsync("log:a", 20, first: 41);

        await script.PassedAsync();
    }

    private static GatewayClient ClientOf(TwoGateways edge) => new(new GatewayClientOptions
    {
        Url = new Uri($"wss://localhost:{edge.Proxy.ByCookie}/ws"),
        ConfigureSocket = options => options.RemoteCertificateValidationCallback =
            (_, shown, _, _) => shown?.GetCertHashString() == edge.Certificate.Thumbprint,
    });

    /// <summary>Publishes 1, 2, 3 … by way of the proxy, each when the one before has been accepted.</summary>
    /// <returns>How many.</returns>
    private static async Task<int> PublishAsync(GatewayClient client, CancellationToken stop)
    {
        int count = 0;
        while (!stop.IsCancellationRequested)
        {
            await client.PublishAsync("log:x", ++count, cancellationToken: CancellationToken.None);
            // No more than the history keeps for those who are away.
            await Task.Delay(20, CancellationToken.None);
        }
        return count;
    }

    private static async Task<List<int>> TakeAsync(Subscription<int> subscription, Func<int, bool> last)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var numbers = new List<int>();
        await foreach (var message in subscription.WithCancellation(deadline.Token))
        {
            numbers.Add(message.Content);
            if (last(message.Content))
                break;
        }
        return numbers;
    }
}
