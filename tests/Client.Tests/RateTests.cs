using System.Collections.Concurrent;
using Gateway.TestSupport;

namespace Gateway.Client.Tests;

/// <summary>
/// A gateway that rejects messages over its rate: the client waits as long as it is told, and nothing is lost or doubled.
/// </summary>
public sealed class RateTests
{
    [Fact]
    public async Task Messages_over_the_limit_are_sent_again_when_the_gateway_says_so()
    {
        await using var server = await GatewayServer.StartAsync(
            [.. Clients.Settings, "Limits:MessagesPerSecond=20", "Limits:MessageBurst=10"]);
        await using var client = Clients.To(server);
        await using var log = client.Subscribe<int>("log:1");
        await log.Started.WaitAsync(Clients.Deadline);
        int connections = 0;
        client.StateChanged += change => connections += change.State == ConnectionState.Connected ? 1 : 0;

        var positions = await client.PublishManyAsync("log:1", 1, 40);

        Assert.Equal(Enumerable.Range(1, 40), positions.Select(position => (int)position!.Value.Seq).Order());
        Assert.Equal(Enumerable.Range(1, 40), (await log.TakeAsync(40)).Order());
        Assert.Equal(0, connections);
    }

    [Fact]
    public async Task A_subscription_and_a_look_at_history_are_asked_for_again_too()
    {
        await using var server = await GatewayServer.StartAsync(
            [.. Clients.Settings, "Limits:MessagesPerSecond=10", "Limits:MessageBurst=3"]);
        await using var client = Clients.To(server);
        var subscriptions = Enumerable.Range(1, 8).Select(number => client.Subscribe<int>($"log:{number}")).ToList();

        await Task.WhenAll(subscriptions.Select(subscription => subscription.Started)).WaitAsync(Clients.Deadline);
        var pages = await Task.WhenAll(
            Enumerable.Range(1, 8).Select(number => client.GetHistoryAsync<int>($"log:{number}", cancellationToken: Clients.Deadline)));

        Assert.All(pages, page => Assert.Empty(page.Messages));
    }

    [Fact]
    public async Task A_handshake_over_the_limit_is_repeated_after_the_time_that_the_gateway_asked_for()
    {
        await using var server = await GatewayServer.StartAsync([.. Clients.Settings, "Limits:HandshakesPerSecondPerAddress=1"]);
        await using var one = Clients.To(server);
        await using var two = Clients.To(server);
        await using var three = Clients.To(server);
        GatewayClient[] clients = [one, two, three];
        var waits = new ConcurrentQueue<ConnectionStateChange>();
        foreach (var client in clients)
        {
            client.StateChanged += change =>
            {
                if (change.State == ConnectionState.Waiting)
                    waits.Enqueue(change);
            };
        }

        await Task.WhenAll(clients.Select(client => client.ConnectAsync(Clients.Deadline)));

        Assert.NotEmpty(waits);
        Assert.All(waits, wait =>
        {
            Assert.Equal("the gateway answered the handshake with HTTP 429", wait.Reason);
            Assert.InRange(wait.RetryIn!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(21));
        });
    }
}
