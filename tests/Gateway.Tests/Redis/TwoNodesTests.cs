using Gateway.TestSupport;

namespace Gateway.Tests.Redis;

public sealed class TwoNodesTests
{
    [Theory]
    [InlineData("plain")]
    [InlineData("h:room")]
    public async Task Messages_of_one_node_reach_the_other_in_order(string channel)
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var subscriber = await JsonClient.ConnectAsync(nodes.B);
        await using var publisher = await JsonClient.ConnectAsync(nodes.A);
        await subscriber.SubscribeAsync(channel);

        await publisher.PublishManyAsync(channel, 300);

        var messages = await subscriber.ReceiveMessagesAsync(300);
        Assert.Equal(Enumerable.Range(1, 300).Select(i => $"{i}"), messages.Select(message => message.Raw("content")));
    }

    [Fact]
    public async Task Missed_messages_are_recovered_on_the_other_node()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var publisher = await JsonClient.ConnectAsync(nodes.A);
        await using var subscriber = await JsonClient.ConnectAsync(nodes.B);
        var ack = await publisher.PublishManyAsync("h:room", 50);

        var subscribed = await subscriber.RecoverAsync("h:room", ack.Text("epoch"), 20);

        Assert.True(subscribed.GetProperty("recovered").GetBoolean());
        Assert.Equal(Enumerable.Range(21, 30).Select(i => (long)i), (await subscriber.ReceiveMessagesAsync(30)).Seqs());
    }

    [Fact]
    public async Task Users_are_present_across_nodes()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var a = await JsonClient.ConnectAsync(nodes.A);
        await a.SubscribeAsync("p:room");
        await using (var b = await JsonClient.ConnectAsync(nodes.B))
        {
            Assert.Equal(2, (await b.SubscribeAsync("p:room")).Number("count"));
            await a.ReceiveUntilAsync(message => message.Texts("joined").Contains(b.User));
        }

        Assert.Equal(1, (await a.ReceiveUntilAsync(message => message.Texts("left").Length == 1)).Number("count"));
    }
}
