using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

public sealed class OrderAcrossNodesTests
{
    private const int Publishers = 4;
    private const int MessagesPerPublisher = 250;

    [Theory]
    [InlineData("plain:x")]
    [InlineData("log:x")]
    public async Task All_subscribers_on_all_nodes_see_all_messages_of_publishers_on_all_nodes_in_the_same_order(string channel)
    {
        await using var redis = await RedisServer.StartAsync();
        await AssertOneOrderAsync(redis.Address, channel);
    }

    [Theory]
    [InlineData("plain:x")]
    [InlineData("log:x")]
    public async Task Messages_keep_their_order_on_a_cluster_too(string channel)
    {
        await using var cluster = await RedisCluster.StartAsync();
        await AssertOneOrderAsync(cluster.Address, channel);
    }

    [Fact]
    public async Task A_key_that_a_user_uses_on_two_nodes_publishes_once()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var first = await JsonClient.ConnectAsync(a, "?user=ann");
        await using var second = await JsonClient.ConnectAsync(b, "?user=ann");
        const string Keyed = """{"type":"message","channel":"log:x","content":1,"key":"k","id":1}""";

        // So that the position of the first is none that a node could give on its own.
        await first.PublishManyAsync("log:x", 1);
        Assert.Equal(2, (await first.AskAsync(Keyed, "ack")).Number("seq"));
        Assert.Equal(2, (await second.AskAsync(Keyed, "ack")).Number("seq"));

        var history = await second.AskAsync("""{"type":"history","channel":"log:x"}""", "history");
        Assert.Equal(2, history.GetProperty("messages").GetArrayLength());
    }

    private static async Task AssertOneOrderAsync(string address, string channel)
    {
        await using var a = await Node.StartAsync(address);
        await using var b = await Node.StartAsync(address);
        GatewayServer[] nodes = [a, b];
        // Half of the publishers are subscribers: what a node's own clients published takes the same way.
        var clients = await Task.WhenAll(Enumerable.Range(0, Publishers * 2).Select(i => JsonClient.ConnectAsync(nodes[i % 2])));
        var subscribers = clients.Skip(Publishers / 2).ToArray();
        foreach (var subscriber in subscribers)
            await subscriber.SubscribeAsync(channel);
        var reading = subscribers.Select(subscriber => subscriber.ReceiveMessagesAsync(Publishers * MessagesPerPublisher)).ToArray();

        await Task.WhenAll(clients.Take(Publishers).Select((client, publisher) => PublishAsync(client, channel, publisher)));
        List<JsonElement>[] received = await Task.WhenAll(reading);

        string[] expected = [.. received[0].Select(message => message.Text("content"))];
        foreach (var messages in received)
        {
            Assert.Equal(expected, messages.Select(message => message.Text("content")));
            if (channel.StartsWith("log:", StringComparison.Ordinal))
                Assert.Equal(Enumerable.Range(1, messages.Count).Select(seq => (long)seq), messages.Seqs());
        }
        for (int publisher = 0; publisher < Publishers; publisher++)
        {
            string prefix = $"{publisher}-";
            Assert.Equal(
                Enumerable.Range(0, MessagesPerPublisher).Select(i => prefix + i),
                expected.Where(content => content.StartsWith(prefix, StringComparison.Ordinal)));
        }
        foreach (var client in clients)
            await client.DisposeAsync();
    }

    private static async Task PublishAsync(JsonClient client, string channel, int publisher)
    {
        for (int i = 0; i < MessagesPerPublisher; i++)
            await client.PublishAsync(channel, $"\"{publisher}-{i}\"");
    }
}
