using Gateway.TestSupport;

namespace Gateway.Client.Tests;

/// <summary>Publishing: positions, keys, limits.</summary>
public sealed class PublishTests
{
    [Fact]
    public async Task It_settles_with_the_position_where_there_is_history_and_with_none_elsewhere()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var client = Clients.To(server);

        var first = await client.PublishAsync("log:1", "a", cancellationToken: Clients.Deadline);
        var second = await client.PublishAsync("log:1", "b", cancellationToken: Clients.Deadline);

        Assert.Equal((1, 2), (first!.Value.Seq, second!.Value.Seq));
        Assert.Null(await client.PublishAsync("news", "c", cancellationToken: Clients.Deadline));
    }

    [Fact]
    public async Task The_same_key_publishes_once()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var client = Clients.To(server);
        var options = new PublishOptions { Key = "order-17" };

        var first = await client.PublishAsync("log:1", "a", options, Clients.Deadline);

        Assert.Equal(first, await client.PublishAsync("log:1", "a", options, Clients.Deadline));
    }

    [Fact]
    public async Task Without_echo_the_sender_does_not_get_its_own_message()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var client = Clients.To(server);
        await using var news = client.Subscribe<int>("news");
        await news.Started.WaitAsync(Clients.Deadline);

        await client.PublishAsync("news", 1, new PublishOptions { Echo = false }, Clients.Deadline);
        await client.PublishAsync("news", 2, cancellationToken: Clients.Deadline);

        Assert.Equal([2], await news.TakeAsync(1));
    }

    [Fact]
    public async Task A_queue_that_overflows_while_away_refuses_the_oldest_and_delivers_the_rest()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var proxy = TcpProxy.Start(server.PublicPort);
        await using var reader = Clients.To(server);
        await using var log = reader.Subscribe<int>("log:1");
        await log.Started.WaitAsync(Clients.Deadline);
        await using var writer = new GatewayClient(new GatewayClientOptions { Url = Clients.Url(proxy.Port), QueueLimit = 10 });
        await writer.ConnectAsync(Clients.Deadline);
        var away = writer.NextAsync(ConnectionState.Waiting);
        proxy.Refuse();
        proxy.Cut();
        await away;

        var publishing = Enumerable.Range(1, 15)
            .Select(number => writer.PublishAsync("log:1", number, cancellationToken: Clients.Deadline))
            .ToList();
        foreach (var refused in publishing.Take(5))
            Assert.Equal(GatewayErrorCode.QueueFull, (await Assert.ThrowsAsync<GatewayException>(() => refused)).Code);
        proxy.Resume();
        await Task.WhenAll(publishing.Skip(5));

        Assert.Equal(Enumerable.Range(6, 10), await log.TakeAsync(10));
    }

    [Fact]
    public async Task A_message_over_the_limit_is_refused_here_and_costs_no_connection()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var client = Clients.To(server);

        var failure = await Assert.ThrowsAsync<GatewayException>(
            () => client.PublishAsync("news", new string('x', 65_536), cancellationToken: Clients.Deadline));

        Assert.Equal(GatewayErrorCode.MessageTooLarge, failure.Code);
        await client.PublishAsync("news", "small", cancellationToken: Clients.Deadline);
    }

    [Fact]
    public async Task A_message_that_was_taken_back_while_away_is_not_published()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var proxy = TcpProxy.Start(server.PublicPort);
        proxy.Refuse();
        await using var client = Clients.To(proxy.Port);
        using var giveUp = new CancellationTokenSource();
        var taken = client.PublishAsync("log:1", "taken back", cancellationToken: giveUp.Token);
        var left = client.PublishAsync("log:1", "left", cancellationToken: Clients.Deadline);

        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taken);
        proxy.Resume();

        Assert.Equal(1, (await left)!.Value.Seq);
    }

    [Fact]
    public async Task History_is_read_page_by_page_in_order()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var client = Clients.To(server);
        await client.PublishManyAsync("log:1", 1, 250);

        var newest = await client.GetHistoryAsync<int>("log:1", new HistoryRange { Limit = 2 }, Clients.Deadline);
        var all = new List<int>();
        await foreach (var message in client.ReadHistoryAsync("log:1", Numbers.Default.Int32, cancellationToken: Clients.Deadline))
            all.Add(message.Content);

        Assert.Equal([249, 250], newest.Messages.Select(message => message.Content));
        Assert.True(newest.More);
        Assert.Equal(Enumerable.Range(1, 250), all);
        Assert.Equal(
            GatewayErrorCode.HistoryUnavailable,
            (await Assert.ThrowsAsync<GatewayException>(() => client.GetHistoryAsync<int>("news"))).Code);
    }
}
