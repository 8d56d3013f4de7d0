using Gateway.TestSupport;

namespace Gateway.Tests.Sessions;

public sealed class SubscribeTests(SharedGateway gateway) : IClassFixture<SharedGateway>
{
    [Fact]
    public async Task Subscribed_has_the_id_and_without_history_no_position()
    {
        string channel = SharedGateway.NewChannel();
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync($$"""{"type":"subscribe","channel":"{{channel}}","id":"s-1"}""");

        Assert.Equal($$"""{"type":"subscribed","channel":"{{channel}}","id":"s-1"}""", await client.ReceiveTextAsync());
    }

    [Fact]
    public async Task With_history_subscribed_has_the_position_and_recovered_only_if_asked()
    {
        string channel = SharedGateway.NewChannel("log");
        await using var client = await gateway.ConnectAsync();
        await client.PublishManyAsync(channel, 3);

        var subscribed = await client.SubscribeAsync(channel);

        Assert.NotEmpty(subscribed.Text("epoch"));
        Assert.Equal(3, subscribed.Number("seq"));
        Assert.False(subscribed.Has("recovered"));
        Assert.False(subscribed.Has("users") || subscribed.Has("count"));
    }

    [Fact]
    public async Task A_subscriber_gets_what_comes_after_and_nothing_from_before()
    {
        foreach (string channel in new[] { SharedGateway.NewChannel(), SharedGateway.NewChannel("log") })
        {
            await using var keeper = await gateway.ConnectAsync();
            await keeper.SubscribeAsync(channel);
            await using var publisher = await gateway.ConnectAsync();
            await publisher.PublishManyAsync(channel, 10);
            await using var client = await gateway.ConnectAsync();
            await client.SubscribeAsync(channel);

            await publisher.PublishManyAsync(channel, 1, first: 11);

            Assert.Equal(11, (await client.ReceiveAsync("message")).Number("content"));
        }
    }

    [Fact]
    public async Task After_unsubscribed_nothing_of_the_channel_arrives()
    {
        string channel = SharedGateway.NewChannel();
        await using var publisher = await gateway.ConnectAsync();
        await using var client = await gateway.ConnectAsync();
        for (int round = 0; round < 20; round++)
        {
            await client.SubscribeAsync(channel);
            for (int i = 0; i < 50; i++)
                await publisher.PublishAsync(channel, $"{i}");
            await client.SendAsync($$"""{"type":"unsubscribe","channel":"{{channel}}","id":7}""");
            var unsubscribed = await client.ReceiveUntilAsync(message => message.Text("type") != "message");

            Assert.Equal(
                ("unsubscribed", channel, 7), (unsubscribed.Text("type"), unsubscribed.Text("channel"), unsubscribed.Number("id")));
            Assert.False(unsubscribed.Has("code") || unsubscribed.Has("reason"));
            await publisher.PublishManyAsync(channel, 1);
            Assert.True(await client.HearsOnlyPongAsync());
        }
    }

    [Fact]
    public async Task Unsubscribing_a_second_time_is_an_error()
    {
        string channel = SharedGateway.NewChannel();
        await using var client = await gateway.ConnectAsync();
        await client.SubscribeAsync(channel);
        await client.AskAsync($$"""{"type":"unsubscribe","channel":"{{channel}}"}""", "unsubscribed");

        var error = await client.AskAsync($$"""{"type":"unsubscribe","channel":"{{channel}}","id":2}""", "error");

        Assert.Equal(("not_subscribed", 2), (error.Text("code"), error.Number("id")));
    }

    [Fact]
    public async Task Subscribing_twice_is_confirmed_and_doubles_nothing()
    {
        foreach (string channel in new[] { SharedGateway.NewChannel(), SharedGateway.NewChannel("log"), SharedGateway.NewChannel("room") })
        {
            await using var client = await gateway.ConnectAsync();
            var first = await client.SubscribeAsync(channel);
            await client.PublishAsync(channel, "1");
            await client.ReceiveUntilAsync(message => message.Text("type") == "message");
            await client.SendAsync($$"""{"type":"subscribe","channel":"{{channel}}","id":"again"}""");
            var second = await client.ReceiveUntilAsync(message => message.Text("type") == "subscribed");

            Assert.Equal("again", second.Text("id"));
            Assert.Equal(first.Has("seq"), second.Has("seq"));
            Assert.Equal(first.Has("count"), second.Has("count"));
            if (first.Has("seq"))
                Assert.Equal((first.Text("epoch"), 1), (second.Text("epoch"), second.Number("seq")));
            await client.PublishAsync(channel, "2");
            await client.PublishAsync(channel, "3");
            foreach (int content in new[] { 2, 3 })
                Assert.Equal(content, (await client.ReceiveUntilAsync(message => message.Text("type") == "message")).Number("content"));
            await client.AskAsync($$"""{"type":"unsubscribe","channel":"{{channel}}"}""", "unsubscribed");
            await client.AskAsync($$"""{"type":"unsubscribe","channel":"{{channel}}"}""", "error");
        }
    }

    [Fact]
    public async Task A_connection_may_have_as_many_channels_as_the_limit_and_an_unsubscribe_makes_room()
    {
        await using var server = await GatewayServer.StartAsync("Limits:ChannelsPerConnection=40");
        await using var client = await JsonClient.ConnectAsync(server);
        for (int i = 0; i < 40; i++)
            await client.SubscribeAsync($"c{i}");

        var error = await client.AskAsync("""{"type":"subscribe","channel":"c40","id":"x"}""", "error");
        Assert.Equal(("limit_exceeded", "x", "c40"), (error.Text("code"), error.Text("id"), error.Text("channel")));
        Assert.Equal(40, server.Channels.Count);
        await client.SubscribeAsync("c39");
        await client.AskAsync("""{"type":"unsubscribe","channel":"c7"}""", "unsubscribed");
        await client.SubscribeAsync("c40");

        await client.PublishAsync("c7", "7");
        foreach (int i in new[] { 0, 31, 32, 39, 40 })
        {
            await client.PublishAsync($"c{i}", $"{i}");
            Assert.Equal(i, (await client.ReceiveAsync("message")).Number("content"));
        }
    }
}
