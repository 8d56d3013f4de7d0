using Gateway.TestSupport;

namespace Gateway.Client.Tests;

/// <summary>Clients of two gateways that share a Redis, which goes away and comes back.</summary>
public sealed class RedisTests
{
    [Fact]
    public async Task A_restart_of_Redis_loses_doubles_and_reorders_nothing()
    {
        await using var redis = await RedisServer.StartAsync(persistent: true);
        string[] settings = [.. Clients.Settings, "Redis:Addresses=" + redis.Address];
        await using var a = await GatewayServer.StartAsync(settings);
        await using var b = await GatewayServer.StartAsync(settings);
        await using var writer = Clients.To(a);
        await using var reader = Clients.To(b);
        await using var log = reader.Subscribe<int>("log:1", new SubscribeOptions { Buffer = 1_000 });
        await log.Started.WaitAsync(Clients.Deadline);

        for (int number = 1; number <= 300; number++)
        {
            var restarted = number == 100 ? redis.RestartAsync(keepData: true) : Task.CompletedTask;
            await PublishUntilAcceptedAsync(writer, number);
            await restarted;
        }

        Assert.Equal(Enumerable.Range(1, 300), await log.TakeAsync(300));
    }

    [Fact]
    public async Task A_node_that_is_killed_costs_its_clients_nothing()
    {
        await using var redis = await RedisServer.StartAsync();
        string[] settings = [.. Clients.Settings, "Redis:Addresses=" + redis.Address];
        await using var other = await GatewayServer.StartAsync(settings);
        await using var killed = await GatewayProcess.StartAsync(settings);
        int port = killed.PublicPort;
        await using var writer = Clients.To(other);
        await using var both = Clients.To(port);
        await using var log = both.Subscribe<int>("log:1", new SubscribeOptions { Buffer = 1_000 });
        await log.Started.WaitAsync(Clients.Deadline);
        await writer.PublishManyAsync("log:1", 1, 50);
        var lost = both.NextAsync(ConnectionState.Waiting);

        killed.Kill();
        await killed.ExitAsync();
        await lost;
        await writer.PublishManyAsync("log:1", 51, 50);
        var publishing = both.PublishManyAsync("log:1", 101, 50);
        await using var back = await GatewayProcess.StartAsync([.. settings, $"Public=http://127.0.0.1:{port}"]);
        await publishing;

        Assert.Equal(Enumerable.Range(1, 150), await log.TakeAsync(150));
    }

    [Fact]
    public async Task A_Redis_that_does_not_answer_for_a_while_loses_and_doubles_nothing()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var gateway = await GatewayServer.StartAsync([.. Clients.Settings, "Redis:Addresses=" + redis.Address]);
        await using var writer = Clients.To(gateway);
        await PublishUntilAcceptedAsync(writer, 1);

        redis.Pause();
        var publishing = writer.PublishAsync("log:1", 2, cancellationToken: Clients.Deadline);
        // Longer than the gateway waits, and than it keeps the connection.
        await Task.Delay(TimeSpan.FromSeconds(7), Clients.Deadline);
        Assert.False(publishing.IsCompleted);
        redis.Resume();

        Assert.Equal(2, (await publishing)!.Value.Seq);
        Assert.Equal(3, (await writer.PublishAsync("log:1", 3, cancellationToken: Clients.Deadline))!.Value.Seq);
    }

    /// <summary>
    /// What an application does with <c>unavailable</c>: nothing was published, so it tries again; with the same key, to be safe.
    /// </summary>
    private static async Task PublishUntilAcceptedAsync(GatewayClient writer, int number)
    {
        var options = new PublishOptions { Key = $"number-{number}" };
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await writer.PublishAsync("log:1", number, options, Clients.Deadline);
                return;
            }
            catch (GatewayException failure) when (failure.Code == GatewayErrorCode.Unavailable && attempt < 1_000)
            {
                await Task.Delay(20, Clients.Deadline);
            }
        }
    }
}
