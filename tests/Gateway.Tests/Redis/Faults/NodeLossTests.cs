using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>The users present, across nodes that come and go.</summary>
public sealed class NodeLossTests
{
    private const string Channel = "room:x";

    [Fact]
    public async Task Users_of_a_killed_node_leave_and_subscribers_elsewhere_are_told()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var doomed = await GatewayProcess.StartAsync(Node.Settings(redis.Address, "Presence:TimeToLive=00:00:03"));
        await using var other = await Node.StartAsync(redis.Address, "Presence:TimeToLive=00:00:03");
        await doomed.IsReadyAsync();
        await using var first = await JsonClient.ConnectAsync(doomed.WebSocketUri);
        await using var second = await JsonClient.ConnectAsync(doomed.WebSocketUri);
        await using var third = await JsonClient.ConnectAsync(doomed.WebSocketUri);
        await using var ann = await JsonClient.ConnectAsync(other, "?user=ann");
        // This user is on both nodes, and stays.
        await using var alsoThird = await JsonClient.ConnectAsync(other, "?user=" + third.User);
        foreach (var client in new[] { first, second, third, alsoThird })
            await client.SubscribeAsync(Channel);
        Assert.Equal(4, (await ann.SubscribeAsync(Channel)).Number("count"));

        doomed.Kill();

        Assert.Equal(new[] { first.User, second.User }.Order(), await LeftUntilAsync(ann, count: 2));
        var present = await ann.AskAnythingAsync($$"""{"type":"presence","channel":"{{Channel}}","id":1}""");
        Assert.Equal(new[] { "ann", third.User }.Order(), present.Texts("users").Order());
        Assert.Equal(2, present.Number("count"));
    }

    [Fact]
    public async Task Users_of_a_node_that_stops_leave_at_once()
    {
        await using var redis = await RedisServer.StartAsync();
        // Longer than any test waits: nobody leaves by being forgotten.
        await using var leaving = await Node.StartAsync(redis.Address, "Presence:TimeToLive=01:00:00");
        await using var other = await Node.StartAsync(redis.Address, "Presence:TimeToLive=01:00:00");
        await using var bob = await JsonClient.ConnectAsync(leaving, "?user=bob");
        await using var carol = await JsonClient.ConnectAsync(leaving, "?user=carol");
        await using var ann = await JsonClient.ConnectAsync(other, "?user=ann");
        await bob.SubscribeAsync(Channel);
        await carol.SubscribeAsync(Channel);
        await ann.SubscribeAsync(Channel);

        await leaving.StopAsync();

        Assert.Equal(["bob", "carol"], await LeftUntilAsync(ann, count: 1));
    }

    [Fact]
    public async Task Those_who_stay_longer_than_the_time_to_live_stay()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address, "Presence:TimeToLive=00:00:02");
        await using var b = await Node.StartAsync(redis.Address, "Presence:TimeToLive=00:00:02");
        await using var ann = await JsonClient.ConnectAsync(a, "?user=ann");
        await using var bob = await JsonClient.ConnectAsync(b, "?user=bob");
        await ann.SubscribeAsync(Channel);
        await bob.SubscribeAsync(Channel);

        // Three times as long as an entry lives that no node refreshes.
        for (int i = 0; i < 3; i++)
            await redis.PassesAsync(await redis.LastExpiryAsync("gateway:pe:{room:x}"));

        await using var carol = await JsonClient.ConnectAsync(a, "?user=carol");
        Assert.Equal(["ann", "bob", "carol"], (await carol.SubscribeAsync(Channel)).Texts("users").Order());
        var change = await bob.ReceiveUntilAsync(message => message.Has("left") || message.Texts("joined").Contains("carol"));
        Assert.False(change.Has("left"));
        Assert.Equal(3, change.Number("count"));
    }

    [Fact]
    public async Task A_user_on_two_nodes_is_counted_once_and_leaves_with_the_last_connection()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var ann = await JsonClient.ConnectAsync(a, "?user=ann");
        await using var bobHere = await JsonClient.ConnectAsync(a, "?user=bob");
        await using var bobThere = await JsonClient.ConnectAsync(b, "?user=bob");
        await ann.SubscribeAsync(Channel);
        await bobHere.SubscribeAsync(Channel);
        var both = await bobThere.SubscribeAsync(Channel);
        Assert.Equal(["ann", "bob"], both.Texts("users").Order());
        Assert.Equal(2, both.Number("count"));
        await ann.ReceiveUntilAsync(message => message.Texts("joined").Contains("bob"));

        await bobHere.AskAnythingAsync($$"""{"type":"unsubscribe","channel":"{{Channel}}","id":1}""");
        // A third user marks the end of what ann may have been told of bob's first connection.
        await using var carol = await JsonClient.ConnectAsync(b, "?user=carol");
        Assert.Equal(3, (await carol.SubscribeAsync(Channel)).Number("count"));
        var next = await ann.ReceiveAsync("presence");
        Assert.Equal(["carol"], next.Texts("joined"));
        Assert.False(next.Has("left"));

        bobThere.Socket.Abort();
        Assert.Equal(["bob"], await LeftUntilAsync(ann, count: 2));
    }

    /// <summary>Reads presence changes until a number of users is there.</summary>
    /// <returns>Who left, each as often as it was said.</returns>
    private static async Task<IEnumerable<string>> LeftUntilAsync(JsonClient client, int count)
    {
        var left = new List<string>();
        while (true)
        {
            JsonElement change = await client.ReceiveAsync("presence");
            left.AddRange(change.Texts("left"));
            if (change.Has("left") && change.Number("count") == count)
                return left.Order();
        }
    }
}
