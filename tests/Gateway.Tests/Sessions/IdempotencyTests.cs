using System.Net;
using Gateway.TestSupport;
using Gateway.Tests.Api;
using Gateway.Tests.Sse;

namespace Gateway.Tests.Sessions;

public sealed class IdempotencyTests(SharedGateway gateway) : IClassFixture<SharedGateway>
{
    [Theory]
    [InlineData("")]
    [InlineData("log")]
    public async Task A_key_sent_again_is_acknowledged_again_and_delivered_once(string ofNamespace)
    {
        string channel = SharedGateway.NewChannel(ofNamespace);
        await using var subscriber = await gateway.ConnectAsync();
        await subscriber.SubscribeAsync(channel);
        await using var publisher = await gateway.ConnectAsync("?user=ann");
        await using var reconnected = await gateway.ConnectAsync("?user=ann");

        var first = await AskAsync(publisher, channel, "1", "k");
        await AskAsync(publisher, channel, "2", "other");
        var again = await AskAsync(reconnected, channel, "1", "k");
        await AskAsync(publisher, channel, "3", "third");

        Assert.Equal(first.GetRawText(), again.GetRawText());
        Assert.Equal([1, 2, 3], (await subscriber.ReceiveMessagesAsync(3)).Select(message => message.Number("content")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("log")]
    public async Task A_key_that_another_sender_uses_too_suppresses_nothing(string ofNamespace)
    {
        string channel = SharedGateway.NewChannel(ofNamespace);
        await using var subscriber = await gateway.ConnectAsync();
        await subscriber.SubscribeAsync(channel);
        await using var ann = await gateway.ConnectAsync("?user=ann");
        await using var bob = await gateway.ConnectAsync("?user=bob");
        await using var somebody = await gateway.ConnectAsync();
        await using var another = await gateway.ConnectAsync();

        int content = 0;
        foreach (var client in new[] { ann, bob, somebody, another })
            await AskAsync(client, channel, $"{++content}", "k");
        // The API's keys are its own, even where it publishes under the name of a user.
        for (int i = 0; i < 2; i++)
            Assert.Equal(
                200,
                (await gateway.Server.PostAsync("publish", $$"""{"channel":"{{channel}}","content":5,"sender":"ann","key":"k"}""")).Status);
        for (int i = 0; i < 2; i++)
            Assert.Equal(
                HttpStatusCode.OK,
                (await Publishing.PostAsync(gateway.Server.PublicPort, $$"""{"channel":"{{channel}}","content":6,"key":"k"}""")).Status);
        foreach (var client in new[] { ann, bob, somebody, another })
            await AskAsync(client, channel, "0", "k");
        await AskAsync(ann, channel, "7", "last");

        Assert.Equal([1, 2, 3, 4, 5, 6, 7], (await subscriber.ReceiveMessagesAsync(7)).Select(message => message.Number("content")));
    }

    [Fact]
    public async Task The_same_key_in_another_channel_is_another_message()
    {
        var (one, two) = (SharedGateway.NewChannel("log"), SharedGateway.NewChannel("log"));
        await using var publisher = await gateway.ConnectAsync();
        await publisher.PublishManyAsync(two, 4);

        Assert.Equal(1, (await AskAsync(publisher, one, "1", "k")).Number("seq"));
        Assert.Equal(5, (await AskAsync(publisher, two, "1", "k")).Number("seq"));
        Assert.Equal(1, (await AskAsync(publisher, one, "1", "k")).Number("seq"));
        Assert.Equal(5, (await AskAsync(publisher, two, "1", "k")).Number("seq"));
    }

    [Fact]
    public async Task However_a_key_is_escaped_it_is_the_same_key()
    {
        string channel = SharedGateway.NewChannel("log");
        await using var publisher = await gateway.ConnectAsync();

        Assert.Equal(1, (await AskAsync(publisher, channel, "1", "é")).Number("seq"));
        Assert.Equal(1, (await AskAsync(publisher, channel, "1", "\\u00e9")).Number("seq"));
    }

    [Fact]
    public async Task Messages_without_a_key_are_never_taken_for_each_other()
    {
        string channel = SharedGateway.NewChannel("log");
        await using var publisher = await gateway.ConnectAsync();

        Assert.Equal(5, (await publisher.PublishManyAsync(channel, 5)).Number("seq"));
    }

    private static Task<System.Text.Json.JsonElement> AskAsync(JsonClient client, string channel, string content, string key) =>
        client.AskAsync($$"""{"type":"message","channel":"{{channel}}","content":{{content}},"key":"{{key}}","id":"m"}""", "ack");
}
