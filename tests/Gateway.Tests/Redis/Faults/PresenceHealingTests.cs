using Gateway.Tests.Sessions;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>Presence after any loss of Redis or of the way to it: subscribers learn who is present, and so does Redis.</summary>
public sealed class PresenceHealingTests
{
    private const string Channel = "room:x";

    /// <summary>Longer than any test, so that neither refreshing nor expiry heals anything.</summary>
    private const string NeverRefreshed = "Presence:TimeToLive=1.00:00:00";

    [Fact]
    public async Task A_node_without_redis_for_a_moment_learns_who_came_and_who_left()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var a = await Node.StartAsync(proxy.Address, NeverRefreshed);
        await using var b = await Node.StartAsync(redis.Address, NeverRefreshed);
        await using var ann = await JsonClient.ConnectAsync(a, "?user=ann");
        await using var bob = await JsonClient.ConnectAsync(b, "?user=bob");
        await using var carol = await JsonClient.ConnectAsync(b, "?user=carol");
        var seen = Follower.Start(ann);
        await ann.SendAsync($$"""{"type":"subscribe","channel":"{{Channel}}"}""");
        await bob.SubscribeAsync(Channel);
        await KnowsAsync(seen, "ann,bob");

        await CutAsync(proxy, a, async () =>
        {
            await bob.AskAsync($$"""{"type":"unsubscribe","channel":"{{Channel}}"}""", "unsubscribed");
            await carol.SubscribeAsync(Channel);
        });

        await KnowsAsync(seen, "ann,carol");
        await IsListedAsync(b, "ann,carol");
    }

    [Fact]
    public async Task A_user_who_leaves_a_node_that_is_without_redis_for_a_moment_is_gone_everywhere()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var a = await Node.StartAsync(proxy.Address, NeverRefreshed);
        await using var b = await Node.StartAsync(redis.Address, NeverRefreshed);
        await using var ann = await JsonClient.ConnectAsync(b, "?user=ann");
        await using var bob = await JsonClient.ConnectAsync(a, "?user=bob");
        await using var carol = await JsonClient.ConnectAsync(a, "?user=carol");
        var seen = Follower.Start(ann);
        await ann.SendAsync($$"""{"type":"subscribe","channel":"{{Channel}}"}""");
        await bob.SubscribeAsync(Channel);
        await carol.SubscribeAsync(Channel);
        await KnowsAsync(seen, "ann,bob,carol");

        await CutAsync(proxy, a, () => bob.AskAnythingAsync($$"""{"type":"unsubscribe","channel":"{{Channel}}","id":7}"""));

        await KnowsAsync(seen, "ann,carol");
        await IsListedAsync(b, "ann,carol");
    }

    [Fact]
    public async Task A_user_who_leaves_after_the_data_were_deleted_is_reported_as_left()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address, NeverRefreshed);
        await using var b = await Node.StartAsync(redis.Address, NeverRefreshed);
        await using var ann = await JsonClient.ConnectAsync(a, "?user=ann");
        await using var bob = await JsonClient.ConnectAsync(b, "?user=bob");
        await using var carol = await JsonClient.ConnectAsync(b, "?user=carol");
        var seen = Follower.Start(ann);
        await ann.SendAsync($$"""{"type":"subscribe","channel":"{{Channel}}"}""");
        await bob.SubscribeAsync(Channel);
        await carol.SubscribeAsync(Channel);
        await KnowsAsync(seen, "ann,bob,carol");

        await redis.FlushAllAsync();
        await bob.AskAnythingAsync($$"""{"type":"unsubscribe","channel":"{{Channel}}","id":7}""");

        await KnowsAsync(seen, "ann,carol");
        await IsListedAsync(a, "ann,carol");
        Assert.Empty(PresenceView.Of(seen.Received, Channel).Repeated);
    }

    [Fact]
    public async Task After_the_data_were_deleted_everybody_is_listed_again_and_nobody_was_said_to_have_left()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address, NeverRefreshed);
        await using var b = await Node.StartAsync(redis.Address, NeverRefreshed);
        await using var ann = await JsonClient.ConnectAsync(a, "?user=ann");
        await using var bob = await JsonClient.ConnectAsync(b, "?user=bob");
        var seen = Follower.Start(ann);
        await ann.SendAsync($$"""{"type":"subscribe","channel":"{{Channel}}"}""");
        await bob.SubscribeAsync(Channel);
        await KnowsAsync(seen, "ann,bob");

        await redis.FlushAllAsync();

        await IsListedAsync(a, "ann,bob");
        await KnowsAsync(seen, "ann,bob");
        await using var eve = await JsonClient.ConnectAsync(b, "?user=eve");
        await eve.SubscribeAsync(Channel);
        await KnowsAsync(seen, "ann,bob,eve");
        var view = PresenceView.Of(seen.Received, Channel);
        Assert.Empty(view.Left);
        Assert.Empty(view.Repeated);
    }

    [Fact]
    public async Task A_user_who_leaves_while_redis_restarts_without_its_data_is_gone()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address, NeverRefreshed);
        await using var b = await Node.StartAsync(redis.Address, NeverRefreshed);
        await using var ann = await JsonClient.ConnectAsync(a, "?user=ann");
        await using var bob = await JsonClient.ConnectAsync(b, "?user=bob");
        await using var carol = await JsonClient.ConnectAsync(b, "?user=carol");
        var seen = Follower.Start(ann);
        await ann.SendAsync($$"""{"type":"subscribe","channel":"{{Channel}}"}""");
        await bob.SubscribeAsync(Channel);
        await carol.SubscribeAsync(Channel);
        await KnowsAsync(seen, "ann,bob,carol");

        redis.Kill();
        await a.IsNotReadyAsync();
        await b.IsNotReadyAsync();
        await bob.AskAnythingAsync($$"""{"type":"unsubscribe","channel":"{{Channel}}","id":7}""");
        await redis.RestartAsync(keepData: false);

        await KnowsAsync(seen, "ann,carol");
        await IsListedAsync(a, "ann,carol");
    }

    [Fact]
    public async Task A_join_that_the_snapshot_holds_is_not_told_again()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var a = await Node.StartAsync(redis.Address);
        // The subscriber's snapshots and changes are late by as much as the answers, which shows nothing of their order.
        await using var b = await Node.StartAsync(proxy.Address);
        proxy.Delay(TimeSpan.FromMilliseconds(30));
        var clients = new List<JsonClient>();
        var followers = new List<Follower>();
        for (int i = 0; i < 20; i++)
        {
            clients.Add(await JsonClient.ConnectAsync(i % 2 == 0 ? a : b, $"?user=u{i:00}"));
            followers.Add(Follower.Start(clients[i]));
        }

        foreach (var client in clients)
        {
            await client.SendAsync($$"""{"type":"subscribe","channel":"{{Channel}}"}""");
            await Task.Delay(7, TestContext.Current.CancellationToken);
        }
        string all = string.Join(',', Enumerable.Range(0, 20).Select(i => $"u{i:00}"));
        foreach (var follower in followers)
            await KnowsAsync(follower, all);
        await using var last = await JsonClient.ConnectAsync(a, "?user=z");
        await last.SubscribeAsync(Channel);
        foreach (var follower in followers)
            await KnowsAsync(follower, all + ",z");

        foreach (var follower in followers)
            Assert.Empty(PresenceView.Of(follower.Received, Channel).Repeated);
        foreach (var client in clients)
            await client.DisposeAsync();
    }

    /// <summary>Takes a node's connection away until something else has happened and the node has noticed.</summary>
    private static async Task CutAsync(TcpProxy proxy, GatewayServer node, Func<Task> meanwhile)
    {
        proxy.Refuse();
        proxy.Cut();
        await meanwhile();
        await node.IsNotReadyAsync();
        proxy.Resume();
    }

    private static Task KnowsAsync(Follower follower, string users) =>
        Eventually.TrueAsync(() => PresenceView.Of(follower.Received, Channel).Users == users, $"{users} are known");

    private static async Task IsListedAsync(GatewayServer node, string users)
    {
        await using var guest = await JsonClient.ConnectAsync(node, "?user=guest");
        string ask = $$"""{"type":"presence","channel":"{{Channel}}","id":1}""";
        await Eventually.TrueAsync(
            async () => string.Join(',', (await guest.AskAnythingAsync(ask)).Texts("users").Order()) == users, $"{users} are listed");
    }
}
