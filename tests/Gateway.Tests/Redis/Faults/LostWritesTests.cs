using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>
/// A Redis that comes back without its last writes and gives their positions to other messages. No client may believe that it missed
/// nothing.
/// </summary>
public sealed class LostWritesTests
{
    [Fact]
    public async Task Subscribers_that_saw_messages_that_redis_lost_learn_of_the_loss_on_every_node()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var there = await JsonClient.ConnectAsync(a);
        await using var publisher = await JsonClient.ConnectAsync(b);
        string epoch = (await there.SubscribeAsync("log:x")).Text("epoch");
        await publisher.PublishManyAsync("log:x", 10);
        await redis.SnapshotAsync();
        await publisher.PublishManyAsync("log:x", 5, first: 11);
        await there.ReceiveMessagesAsync(15);

        await redis.RestartFromSnapshotAsync();
        await b.IsReadyAsync();
        await using var later = await JsonClient.ConnectAsync(b);
        await later.PublishManyAsync("log:x", 8, first: 101);

        Assert.Equal("insufficient_state", (await there.ReceiveAsync("unsubscribed")).Text("code"));
        await a.IsReadyAsync();
        // One client that stayed, and one that was away, on a node that never had the channel.
        await using var away = await JsonClient.ConnectAsync(b);
        foreach (var client in new[] { there, away })
        {
            var subscribed = await client.RecoverAsync("log:x", epoch, 15);
            Assert.False(subscribed.GetProperty("recovered").GetBoolean());
            Assert.NotEqual(epoch, subscribed.Text("epoch"));
            Assert.Equal(18, subscribed.Number("seq"));
        }
    }

    [Fact]
    public async Task Subscribers_that_saw_only_messages_that_redis_kept_recover_exactly_the_rest_in_the_new_epoch()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(a);
        await using var publisher = await JsonClient.ConnectAsync(a);
        string epoch = (await client.SubscribeAsync("log:x")).Text("epoch");
        await publisher.PublishManyAsync("log:x", 10);
        await client.ReceiveMessagesAsync(10);
        await redis.SnapshotAsync();

        await redis.RestartFromSnapshotAsync();
        Assert.Equal("insufficient_state", (await client.ReceiveAsync("unsubscribed")).Text("code"));
        await a.IsReadyAsync();
        await publisher.PublishManyAsync("log:x", 3, first: 11);

        for (int time = 0; time < 2; time++)
        {
            var subscribed = await client.RecoverAsync("log:x", epoch, 8);
            Assert.True(subscribed.GetProperty("recovered").GetBoolean());
            Assert.NotEqual(epoch, subscribed.Text("epoch"));
            Assert.Equal([9, 10, 11, 12, 13], (await client.ReceiveMessagesAsync(5)).Seqs());
            Assert.False((await client.RecoverAsync("log:x", epoch, 11)).GetProperty("recovered").GetBoolean());
        }
    }

    [Fact]
    public async Task A_replica_that_lags_behind_and_takes_over_begins_a_new_epoch()
    {
        await using var master = await RedisServer.StartAsync();
        await using var replica = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(master.Port);
        await using var node = await Node.StartAsync(proxy.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        await using var publisher = await JsonClient.ConnectAsync(node);
        string epoch = (await client.SubscribeAsync("log:x")).Text("epoch");
        await publisher.PublishManyAsync("log:x", 10);
        await client.ReceiveMessagesAsync(10);
        await replica.FollowAsync(master);
        await replica.PromoteAsync();
        await publisher.PublishManyAsync("log:x", 5, first: 11);
        await client.ReceiveMessagesAsync(5);

        proxy.Redirect(replica.Port);
        await using var backend = await Node.StartAsync(replica.Address);
        await using var other = await JsonClient.ConnectAsync(backend);
        await other.PublishManyAsync("log:x", 8, first: 101);

        Assert.Equal("insufficient_state", (await client.ReceiveAsync("unsubscribed")).Text("code"));
        await node.IsReadyAsync();
        Assert.False((await client.RecoverAsync("log:x", epoch, 15)).GetProperty("recovered").GetBoolean());
        Assert.False((await other.RecoverAsync("log:x", epoch, 15)).GetProperty("recovered").GetBoolean());
        Assert.True((await other.RecoverAsync("log:x", epoch, 10)).GetProperty("recovered").GetBoolean());
    }

    [Fact]
    public async Task Positions_given_twice_by_the_same_redis_are_found_by_the_messages_themselves()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(a);
        await using var publisher = await JsonClient.ConnectAsync(b);
        string epoch = (await client.SubscribeAsync("log:x")).Text("epoch");
        await publisher.PublishManyAsync("log:x", 15);
        await client.ReceiveMessagesAsync(15);
        await RewindAsync(redis, "log:x", to: 10);

        await publisher.PublishManyAsync("log:x", 8, first: 101);

        Assert.Equal("insufficient_state", (await client.ReceiveAsync("unsubscribed")).Text("code"));
        await using var away = await JsonClient.ConnectAsync(b);
        foreach (var recovering in new[] { client, away })
            Assert.False((await recovering.RecoverAsync("log:x", epoch, 15)).GetProperty("recovered").GetBoolean());
    }

    [Fact]
    public async Task With_a_log_that_is_written_before_anything_is_confirmed_the_epoch_stays()
    {
        await using var redis = await RedisServer.StartAsync(persistent: true);
        await using var node = await Node.StartAsync(redis.Address);
        await using var client = await JsonClient.ConnectAsync(node);
        await using var publisher = await JsonClient.ConnectAsync(node);
        string epoch = (await client.SubscribeAsync("log:x")).Text("epoch");
        await publisher.PublishManyAsync("log:x", 5);
        await client.ReceiveMessagesAsync(5);

        await redis.RestartAsync(keepData: true);
        await node.IsNotReadyAsync();
        await node.IsReadyAsync();
        await publisher.PublishManyAsync("log:x", 1, first: 6);

        Assert.Equal(6, (await client.ReceiveAsync()).Number("seq"));
        await using var other = await JsonClient.ConnectAsync(node);
        Assert.Equal(epoch, (await other.SubscribeAsync("log:x")).Text("epoch"));
    }

    /// <summary>Removes the last messages, as if they had never been published.</summary>
    private static Task<string> RewindAsync(RedisServer redis, string channel, int to) => redis.CommandAsync(
        "EVAL",
        """
        redis.call('HSET', KEYS[1], 's', ARGV[1])
        local kept = redis.call('XRANGE', KEYS[2], '-', ARGV[1])
        redis.call('DEL', KEYS[2])
        for _, entry in ipairs(kept) do redis.call('XADD', KEYS[2], entry[1], 'd', entry[2][2]) end
        """,
        "2", $"gateway:m:{{{channel}}}", $"gateway:h:{{{channel}}}", to.ToString(System.Globalization.CultureInfo.InvariantCulture));
}
