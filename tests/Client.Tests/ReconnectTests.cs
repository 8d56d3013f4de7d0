using Gateway.TestSupport;

namespace Gateway.Client.Tests;

/// <summary>Lost connections: in channels with history the application does not notice them.</summary>
public sealed class ReconnectTests
{
    [Fact]
    public async Task Cut_connections_lose_double_and_reorder_nothing()
    {
        const int Count = 1_000;
        await using var server = await GatewayServer.StartAsync(Clients.SignedSettings);
        await using var proxy = TcpProxy.Start(server.PublicPort);
        await using var reader = Clients.To(proxy.Port, "reader");
        await using var writer = Clients.To(proxy.Port, "writer");
        await using var log = reader.Subscribe<int>("log:1", new SubscribeOptions { Buffer = 2_000 });
        await log.Started.WaitAsync(Clients.Deadline);
        var cutting = CutAsync(proxy, times: 5);

        for (int number = 1; number <= Count; number += 10)
        {
            await writer.PublishManyAsync("log:1", number, 10);
            await Task.Delay(10, Clients.Deadline);
        }
        await cutting;

        Assert.Equal(Enumerable.Range(1, Count), await log.TakeAsync(Count));
    }

    [Fact]
    public async Task What_is_published_while_away_is_delivered_once_and_in_order()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var proxy = TcpProxy.Start(server.PublicPort);
        await using var reader = Clients.To(server);
        await using var writer = Clients.To(proxy.Port);
        await using var log = reader.Subscribe<int>("log:1", new SubscribeOptions { Buffer = 2_000 });
        await Task.WhenAll(log.Started, writer.ConnectAsync(Clients.Deadline));
        var away = writer.NextAsync(ConnectionState.Waiting);
        proxy.Refuse();
        proxy.Cut();
        await away;

        var publishing = writer.PublishManyAsync("log:1", 1, 500);
        proxy.Resume();

        Assert.Equal(Enumerable.Range(1, 500), (await publishing).Select(position => (int)position!.Value.Seq));
        await writer.PublishAsync("log:1", 501, cancellationToken: Clients.Deadline);
        Assert.Equal(Enumerable.Range(1, 501), await log.TakeAsync(501));
    }

    [Fact]
    public async Task A_message_whose_acknowledgement_was_lost_is_not_doubled()
    {
        await using var server = await GatewayServer.StartAsync(Clients.SignedSettings);
        await using var proxy = TcpProxy.Start(server.PublicPort);
        await using var reader = Clients.To(server.PublicPort, "reader");
        await using var writer = Clients.To(proxy.Port, "writer");
        await using var log = reader.Subscribe<int>("log:1");
        await Task.WhenAll(log.Started, writer.ConnectAsync(Clients.Deadline));

        // It arrives, and nothing of the answer gets back before the cut.
        proxy.Delay(TimeSpan.FromMilliseconds(300));
        var publishing = writer.PublishAsync("log:1", 1, cancellationToken: Clients.Deadline);
        Assert.Equal([1], await log.TakeAsync(1));
        Assert.False(publishing.IsCompleted);
        proxy.Cut();
        proxy.Resume();

        Assert.Equal(1, (await publishing)!.Value.Seq);
        await writer.PublishAsync("log:1", 2, cancellationToken: Clients.Deadline);
        Assert.Equal([2], await log.TakeAsync(1));
    }

    [Fact]
    public async Task A_gateway_that_was_killed_and_is_back_has_another_epoch_and_the_application_is_told_to_reload()
    {
        await using var proxyless = await GatewayProcess.StartAsync(Clients.Settings);
        string port = $"Public=http://127.0.0.1:{proxyless.PublicPort}";
        var losses = new List<MessageLoss>();
        await using var client = Clients.To(proxyless.PublicPort);
        await using var log = client.Subscribe<int>(
            "log:1", new SubscribeOptions { OnLoss = (loss, _) => { losses.Add(loss); return default; } });
        await client.PublishAsync("log:1", 1, cancellationToken: Clients.Deadline);
        Assert.Equal([1], await log.TakeAsync(1));

        proxyless.Kill();
        await proxyless.ExitAsync();
        await using var back = await GatewayProcess.StartAsync([.. Clients.Settings, port]);
        var position = await client.PublishAsync("log:1", 2, cancellationToken: Clients.Deadline);

        Assert.Equal(1, position!.Value.Seq);
        Assert.Equal([2], await log.TakeAsync(1));
        Assert.Equal([new MessageLoss("log:1", LossReason.Unrecoverable)], losses);
    }

    [Fact]
    public async Task A_drain_is_waited_out_as_the_gateway_asked_for()
    {
        var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var client = Clients.To(server);
        await client.ConnectAsync(Clients.Deadline);
        var waiting = client.NextAsync(ConnectionState.Waiting);

        await server.DisposeAsync();

        var change = await waiting;
        Assert.Equal((1012, "restarting"), (change.CloseCode, change.Reason));
        Assert.InRange(change.RetryIn!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(5.5));
    }

    [Fact]
    public async Task A_position_that_history_no_longer_reaches_is_surfaced_before_what_follows()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var proxy = TcpProxy.Start(server.PublicPort);
        var seen = new List<string>();
        await using var reader = Clients.To(proxy.Port);
        await using var writer = Clients.To(server);
        await using var log = reader.Subscribe<int>(
            "short:1", new SubscribeOptions { OnLoss = (loss, _) => { seen.Add(loss.Reason.ToString()); return default; } });
        await log.Started.WaitAsync(Clients.Deadline);
        await writer.PublishManyAsync("short:1", 1, 2);
        seen.AddRange((await log.TakeAsync(2)).Select(number => $"{number}"));
        var away = reader.NextAsync(ConnectionState.Waiting);
        proxy.Refuse();
        proxy.Cut();
        await away;

        await writer.PublishManyAsync("short:1", 3, 10);
        proxy.Resume();
        await Eventually.TrueAsync(() => reader.State == ConnectionState.Connected, "it is back");
        await reader.GetHistoryAsync<int>("short:1", cancellationToken: Clients.Deadline);
        await writer.PublishAsync("short:1", 13, cancellationToken: Clients.Deadline);
        seen.AddRange((await log.TakeAsync(1)).Select(number => $"{number}"));

        Assert.Equal(["1", "2", "Unrecoverable", "13"], seen);
    }

    [Fact]
    public async Task A_connection_that_died_in_silence_is_found_out_and_replaced()
    {
        await using var server = await GatewayServer.StartAsync(
            [.. Clients.Settings, "Heartbeat:Ping=00:00:01", "Heartbeat:PongTimeout=00:00:01"]);
        await using var proxy = TcpProxy.Start(server.PublicPort);
        await using var client = new GatewayClient(
            new GatewayClientOptions { Url = Clients.Url(proxy.Port), PongTimeout = TimeSpan.FromSeconds(1) });
        await using var log = client.Subscribe<int>("log:1");
        await log.Started.WaitAsync(Clients.Deadline);
        var waiting = client.NextAsync(ConnectionState.Waiting);

        proxy.Swallow();
        Assert.Equal("nothing was heard in time", (await waiting).Reason);
        proxy.Resume();

        await client.PublishAsync("log:1", 1, cancellationToken: Clients.Deadline);
        Assert.Equal([1], await log.TakeAsync(1));
    }

    private static async Task CutAsync(TcpProxy proxy, int times)
    {
        for (int i = 0; i < times; i++)
        {
            await Task.Delay(150, Clients.Deadline);
            proxy.Cut();
        }
    }
}
