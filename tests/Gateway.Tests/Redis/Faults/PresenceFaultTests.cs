using Gateway.Tests.Sessions;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>Presence while Redis is away and when it is back.</summary>
public sealed class PresenceFaultTests
{
    private const string Channel = "room:x";

    [Fact]
    public async Task Nobody_is_said_to_leave_or_join_because_redis_was_silent_for_longer_than_the_time_to_live()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address, "Presence:TimeToLive=00:00:03");
        await using var b = await Node.StartAsync(redis.Address, "Presence:TimeToLive=00:00:03");
        await using var ann = await JsonClient.ConnectAsync(a, "?user=ann");
        await using var bob = await JsonClient.ConnectAsync(b, "?user=bob");
        var (annsView, bobsView) = (new PresenceView(Channel), new PresenceView(Channel));
        annsView.Apply(await ann.SubscribeAsync(Channel));
        bobsView.Apply(await bob.SubscribeAsync(Channel));
        // When both have heard of a third, what they are told of each other is behind them.
        await using var eve = await JsonClient.ConnectAsync(a, "?user=eve");
        await eve.SubscribeAsync(Channel);
        foreach (var (client, view) in new[] { (ann, annsView), (bob, bobsView) })
        {
            while (view.Users != "ann,bob,eve")
                view.Apply(await client.ReceiveAsync("presence"));
        }

        redis.Pause();
        await a.IsNotReadyAsync();
        await b.IsNotReadyAsync();
        redis.Resume();
        await a.IsReadyAsync();
        await b.IsReadyAsync();

        await using var carol = await JsonClient.ConnectAsync(a, "?user=carol");
        await using var dave = await JsonClient.ConnectAsync(b, "?user=dave");
        Assert.Equal(["ann", "bob", "carol", "eve"], (await carol.SubscribeAsync(Channel)).Texts("users").Order());
        Assert.Equal(["ann", "bob", "carol", "dave", "eve"], (await dave.SubscribeAsync(Channel)).Texts("users").Order());
        foreach (var (client, view) in new[] { (ann, annsView), (bob, bobsView) })
        {
            while (!view.Users.Contains("dave", StringComparison.Ordinal))
                view.Apply(await client.ReceiveAsync("presence"));
            Assert.Equal("ann,bob,carol,dave,eve", view.Users);
            Assert.Empty(view.Left);
            Assert.Empty(view.Repeated);
        }
    }

    [Fact]
    public async Task Without_its_data_everybody_is_present_as_soon_as_it_is_back()
    {
        await using var redis = await RedisServer.StartAsync();
        // Longer than any test waits: nobody comes back by the usual refresh.
        await using var node = await Node.StartAsync(redis.Address, "Presence:TimeToLive=01:00:00");
        await using var ann = await JsonClient.ConnectAsync(node, "?user=ann");
        await ann.SubscribeAsync(Channel);

        await redis.RestartAsync(keepData: false);

        await using var guest = await JsonClient.ConnectAsync(node, "?user=guest");
        await Eventually.TrueAsync(
            async () => (await guest.AskAnythingAsync($$"""{"type":"presence","channel":"{{Channel}}","id":1}""")) is var answer
                && answer.Texts("users").Contains("ann"),
            "ann is listed again");
    }

    [Fact]
    public async Task A_node_stops_although_redis_hangs()
    {
        await using var redis = await RedisServer.StartAsync();
        var node = await TimedNode.StartAsync(redis.Address, "Limits:ChannelsPerConnection=1000");
        await using var ann = await JsonClient.ConnectAsync(node.Server, "?user=ann");
        for (int i = 0; i < 300; i++)
            await ann.SendAsync($$"""{"type":"subscribe","channel":"room:{{i}}"}""");
        await ann.ReceiveUntilAsync(message => message.Text("type") == "subscribed" && message.Text("channel") == "room:299");

        redis.Pause();
        var stopping = node.Server.DisposeAsync();
        await node.PassAsync(TimeSpan.FromSeconds(5));

        await stopping;
    }
}
