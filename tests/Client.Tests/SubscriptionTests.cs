using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Client.Tests;

/// <summary>A subscription as the application sees it: messages, full buffers, presence.</summary>
public sealed class SubscriptionTests
{
    [Fact]
    public async Task A_message_comes_with_its_sender_position_and_time()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var client = Clients.To(server);
        await using var log = client.Subscribe<string>("log:1");
        await log.Started.WaitAsync(Clients.Deadline);
        var position = await client.PublishAsync("log:1", "hello", cancellationToken: Clients.Deadline);

        await foreach (var message in log.WithCancellation(Clients.Deadline))
        {
            Assert.Equal(("log:1", "hello", position), (message.Channel, message.Content, message.Position));
            Assert.StartsWith("anonymous-", message.Sender, StringComparison.Ordinal);
            Assert.NotNull(message.Time);
            break;
        }
    }

    [Fact]
    public async Task One_that_is_not_read_holds_up_no_other_and_with_history_gets_everything_later()
    {
        const int Count = 200;
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var client = Clients.To(server);
        await using var slow = client.Subscribe<int>("log:slow", new SubscribeOptions { Buffer = 10 });
        await using var fast = client.Subscribe<int>("log:fast");
        await Task.WhenAll(slow.Started, fast.Started);

        for (int number = 1; number <= Count; number++)
            await Task.WhenAll(client.PublishAsync("log:slow", number), client.PublishAsync("log:fast", number));

        Assert.Equal(Enumerable.Range(1, Count), await fast.TakeAsync(Count));
        Assert.Equal(Enumerable.Range(1, Count), await slow.TakeAsync(Count));
        Assert.Equal(0, slow.DroppedMessages);
    }

    [Fact]
    public async Task Without_history_a_full_buffer_drops_the_oldest_and_says_so_first()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var client = Clients.To(server);
        var losses = new List<MessageLoss>();
        await using var news = client.Subscribe<int>(
            "news", new SubscribeOptions { Buffer = 10, OnLoss = (loss, _) => { losses.Add(loss); return default; } });
        await news.Started.WaitAsync(Clients.Deadline);

        for (int number = 1; number <= 25; number++)
            await client.PublishAsync("news", number, cancellationToken: Clients.Deadline);
        // An acknowledgement may be ahead of the message.
        await Eventually.TrueAsync(() => news.DroppedMessages == 15, "all have arrived");

        Assert.Equal(Enumerable.Range(16, 10), await news.TakeAsync(10));
        Assert.Equal([new MessageLoss("news", LossReason.BufferFull)], losses);
    }

    [Fact]
    public async Task One_can_start_behind_a_position_read_from_history()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var client = Clients.To(server);
        var positions = await client.PublishManyAsync("log:1", 1, 5);

        await using var log = client.Subscribe<int>("log:1", new SubscribeOptions { After = positions[1] });

        Assert.Equal([3, 4, 5], await log.TakeAsync(3));
    }

    [Fact]
    public async Task A_channel_has_one_subscription_and_can_have_another_once_that_is_disposed_of()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var client = Clients.To(server);
        for (int round = 1; round <= 20; round++)
        {
            await using var log = client.Subscribe<int>("log:1");
            Assert.Throws<InvalidOperationException>(() => client.Subscribe<int>("log:1"));
            await log.Started.WaitAsync(Clients.Deadline);
            await client.PublishAsync("log:1", round, cancellationToken: Clients.Deadline);
            Assert.Equal([round], await log.TakeAsync(1));
        }
    }

    [Fact]
    public async Task Content_of_another_kind_is_thrown_once_and_the_next_enumeration_goes_on_behind_it()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var client = Clients.To(server);
        await using var log = client.Subscribe<int>("log:1");
        await log.Started.WaitAsync(Clients.Deadline);

        await client.PublishAsync("log:1", "a word", cancellationToken: Clients.Deadline);
        await client.PublishAsync("log:1", 2, cancellationToken: Clients.Deadline);

        await Assert.ThrowsAsync<JsonException>(() => log.TakeAsync(1));
        Assert.Equal([2], await log.TakeAsync(1));
    }

    [Fact]
    public async Task Presence_is_a_snapshot_and_then_who_joins_and_leaves()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var ann = Clients.To(server);
        await using var room = ann.Subscribe<int>("room:1");
        await room.Started.WaitAsync(Clients.Deadline);
        await using var states = room.WatchPresenceAsync(Clients.Deadline).GetAsyncEnumerator(Clients.Deadline);
        await states.MoveNextAsync();
        Assert.Equal((1, 1), (states.Current.Count, states.Current.Joined.Count));

        var bob = Clients.To(server);
        var subscribed = bob.Subscribe<int>("room:1");
        await subscribed.Started.WaitAsync(Clients.Deadline);
        while (states.Current.Count == 1)
            await states.MoveNextAsync();
        string name = Assert.Single(states.Current.Joined);
        Assert.Contains(name, (await ann.GetPresenceAsync("room:1", Clients.Deadline)).Users!.Keys);
        await bob.DisposeAsync();
        while (states.Current.Count == 2)
            await states.MoveNextAsync();

        Assert.Equal([name], states.Current.Left);
    }
}
