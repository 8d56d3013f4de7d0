using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>A Redis that is killed while messages flow, and started again.</summary>
public sealed class RedisKilledTests
{
    [Fact]
    public async Task With_its_data_subscribers_on_all_nodes_miss_and_see_double_nothing()
    {
        await using var redis = await RedisServer.StartAsync(persistent: true);
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var near = await JsonClient.ConnectAsync(a);
        await using var far = await JsonClient.ConnectAsync(b);
        await using var publisher = await JsonClient.ConnectAsync(a);
        await near.SubscribeAsync("log:x");
        await far.SubscribeAsync("log:x");
        var (nearFollower, farFollower) = (Follower.Start(near), Follower.Start(far));
        var publishing = SteadyPublisher.Start(publisher, "log:x");

        for (int round = 0; round < 2; round++)
        {
            await publishing.PublishesMoreAsync(200);
            redis.Kill();
            await publishing.IsRefusedAsync();
            await redis.RestartAsync(keepData: true);
            await publishing.PublishesMoreAsync(200);
        }

        var accepted = await publishing.StopAsync();
        await publisher.AskAsync(Expect.Message("log:x", "\"end\""), "ack");
        await nearFollower.ReceivesAsync("\"end\"");
        await farFollower.ReceivesAsync("\"end\"");
        Expect.NothingLostOrDoubled(nearFollower, accepted);
        Expect.NothingLostOrDoubled(farFollower, accepted);
    }

    [Fact]
    public async Task Without_its_data_subscribers_of_a_history_channel_are_told_and_start_over()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var near = await JsonClient.ConnectAsync(a);
        await using var far = await JsonClient.ConnectAsync(b);
        await using var publisher = await JsonClient.ConnectAsync(a);
        string epoch = (await near.SubscribeAsync("log:x")).Text("epoch");
        await far.SubscribeAsync("log:x");
        await publisher.PublishManyAsync("log:x", 5);
        Assert.Equal([1, 2, 3, 4, 5], (await near.ReceiveMessagesAsync(5)).Seqs());
        Assert.Equal([1, 2, 3, 4, 5], (await far.ReceiveMessagesAsync(5)).Seqs());

        redis.Kill();
        await a.IsNotReadyAsync();
        await b.IsNotReadyAsync();
        await redis.RestartAsync(keepData: false);

        foreach (var client in new[] { near, far })
        {
            Assert.Equal("insufficient_state", (await client.ReceiveAsync("unsubscribed")).Text("code"));
            await a.IsReadyAsync();
            await b.IsReadyAsync();
            var subscribed = await client.RecoverAsync("log:x", epoch, 5);
            Assert.False(subscribed.GetProperty("recovered").GetBoolean());
            Assert.NotEqual(epoch, subscribed.Text("epoch"));
            Assert.Equal(0, subscribed.Number("seq"));
        }
        await publisher.PublishManyAsync("log:x", 3);
        Assert.Equal([1, 2, 3], (await near.ReceiveMessagesAsync(3)).Seqs());
        Assert.Equal([1, 2, 3], (await far.ReceiveMessagesAsync(3)).Seqs());
    }

    [Fact]
    public async Task Channels_without_history_go_on_for_the_same_subscribers_even_without_its_data()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var far = await JsonClient.ConnectAsync(b);
        await using var publisher = await JsonClient.ConnectAsync(a);
        await far.SubscribeAsync("plain:x");
        await publisher.AskAsync(Expect.Message("plain:x", "1"), "ack");
        Assert.Equal(1, (await far.ReceiveAsync("message")).Number("content"));

        redis.Kill();
        await a.IsNotReadyAsync();
        await b.IsNotReadyAsync();
        await redis.RestartAsync(keepData: false);
        await a.IsReadyAsync();
        await b.IsReadyAsync();

        await publisher.AskAsync(Expect.Message("plain:x", "2"), "ack");
        Assert.Equal(2, (await far.ReceiveAsync("message")).Number("content"));
    }

    [Fact]
    public async Task Without_its_data_everybody_is_present_again()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address, "Presence:TimeToLive=00:00:03");
        await using var b = await Node.StartAsync(redis.Address, "Presence:TimeToLive=00:00:03");
        await using var ann = await JsonClient.ConnectAsync(a, "?user=ann");
        await using var bob = await JsonClient.ConnectAsync(b, "?user=bob");
        await ann.SubscribeAsync("room:x");
        await bob.SubscribeAsync("room:x");

        await redis.RestartAsync(keepData: false);

        await using var guest = await JsonClient.ConnectAsync(b, "?user=guest");
        await Eventually.TrueAsync(
            async () =>
            {
                var answer = await guest.AskAnythingAsync("""{"type":"presence","channel":"room:x","id":1}""");
                return answer.Texts("users").Order().SequenceEqual(["ann", "bob"]) && answer.Number("count") == 2;
            },
            "ann and bob are listed again");
    }
}
