using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>Nodes on a real Redis cluster of three, with one server's address in the settings.</summary>
public sealed class ClusterTests
{
    /// <summary>Enough channels for every server to have some.</summary>
    private static readonly string[] Channels = [.. Enumerable.Range(0, 12).Select(i => $"log:{i}z")];

    [Fact]
    public async Task Messages_history_recovery_and_presence_work_across_nodes()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var a = await Node.StartAsync(cluster.Address);
        await using var b = await Node.StartAsync(cluster.Address);
        await using var publisher = await JsonClient.ConnectAsync(a, "?user=ann");
        await using var subscriber = await JsonClient.ConnectAsync(b, "?user=bob");
        foreach (string channel in Channels)
            await AssertWorksAsync(publisher, subscriber, channel);
        foreach (var server in cluster.Servers)
            Assert.NotEqual("0", await server.CommandAsync("DBSIZE"));

        Assert.Equal(["ann"], (await publisher.SubscribeAsync("room:x")).Texts("users"));
        Assert.Equal(["ann", "bob"], (await subscriber.SubscribeAsync("room:x")).Texts("users").Order());
        Assert.Contains("bob", (await publisher.ReceiveUntilAsync(message => message.Texts("joined").Contains("bob"))).Texts("joined"));
        await subscriber.AskAnythingAsync("""{"type":"unsubscribe","channel":"room:x","id":1}""");
        Assert.Equal(1, (await publisher.ReceiveUntilAsync(message => message.Texts("left").Contains("bob"))).Number("count"));
    }

    private static async Task AssertWorksAsync(JsonClient publisher, JsonClient subscriber, string channel)
    {
        string epoch = (await subscriber.SubscribeAsync(channel)).Text("epoch");
        await publisher.PublishManyAsync(channel, 5);
        Assert.Equal([1, 2, 3, 4, 5], (await subscriber.ReceiveMessagesAsync(5)).Seqs());

        var history = await subscriber.AskAsync($$"""{"type":"history","channel":"{{channel}}"}""", "history");
        Assert.Equal([1, 2, 3, 4, 5], history.GetProperty("messages").EnumerateArray().Seqs());

        await subscriber.AskAsync($$"""{"type":"unsubscribe","channel":"{{channel}}"}""", "unsubscribed");
        await publisher.PublishManyAsync(channel, 3, first: 6);
        Assert.True((await subscriber.RecoverAsync(channel, epoch, 5)).GetProperty("recovered").GetBoolean());
        Assert.Equal([6, 7, 8], (await subscriber.ReceiveMessagesAsync(3)).Seqs());
    }
}
