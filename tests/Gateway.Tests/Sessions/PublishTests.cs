using Gateway.TestSupport;

namespace Gateway.Tests.Sessions;

public sealed class PublishTests(SharedGateway gateway) : IClassFixture<SharedGateway>
{
    public static TheoryData<string> Contents =>
    [
        "null", "true", "0", "-0.0", "1e400", "1E+2", "123456789012345678901234567890.10", "\"\"", "\"text\"", "{}", "[]",
        "\"caf\\u00e9 \\/ \\ud83c\\udf89 \\t\"", "\"日本語 🎉\"", "{ \"a\" : [ 1 ,\t2 ] ,\n \"a\":null }", "[[[[{\"deep\":[{}]}]]]]",
        "{\"__proto__\":1,\"type\":\"error\",\"seq\":9}", "\"</script>&<>'+\"", "\"\\u0000\\u001f\\uffff\"",
    ];

    [Theory]
    [MemberData(nameof(Contents))]
    public async Task Content_arrives_byte_for_byte(string content)
    {
        await using var client = await gateway.ConnectAsync();
        foreach (string channel in new[] { SharedGateway.NewChannel(), SharedGateway.NewChannel("log") })
        {
            await client.SubscribeAsync(channel);
            await client.SendAsync($$"""{ "type":"message", "channel":"{{channel}}", "content":  {{content}}  }""");
            Assert.Equal(content, (await client.ReceiveAsync("message")).Raw("content"));
        }
    }

    [Fact]
    public async Task Large_content_arrives_byte_for_byte()
    {
        string channel = SharedGateway.NewChannel();
        await using var client = await gateway.ConnectAsync();
        await client.SubscribeAsync(channel);
        string content = "\"" + string.Concat(Enumerable.Range(0, 10_000).Select(i => $"{i},")) + "\"";

        await client.PublishAsync(channel, content);

        Assert.Equal(content, (await client.ReceiveAsync("message")).Raw("content"));
    }

    [Fact]
    public async Task A_message_has_channel_content_sender_and_time_and_without_history_no_seq()
    {
        string channel = SharedGateway.NewChannel();
        await using var client = await gateway.ConnectAsync("?user=ann%20%22%C3%A9");
        await client.SubscribeAsync(channel);
        long before = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

        await client.PublishAsync(channel, "1");
        var message = await client.ReceiveAsync("message");

        Assert.Equal(["type", "channel", "content", "sender", "time"], message.EnumerateObject().Select(field => field.Name));
        Assert.Equal("ann \"é", message.Text("sender"));
        Assert.InRange(message.Number("time"), before, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task With_history_messages_are_numbered_from_1_without_gaps()
    {
        string channel = SharedGateway.NewChannel("log");
        await using var client = await gateway.ConnectAsync();
        Assert.Equal(0, (await client.SubscribeAsync(channel)).Number("seq"));

        for (int i = 0; i < 50; i++)
            await client.PublishAsync(channel, "1");

        Assert.Equal(Enumerable.Range(1, 50).Select(i => (long)i), (await client.ReceiveMessagesAsync(50)).Seqs());
    }

    [Fact]
    public async Task Echo_false_keeps_a_message_from_the_senders_own_connection_only()
    {
        foreach (string channel in new[] { SharedGateway.NewChannel(), SharedGateway.NewChannel("log") })
        {
            await using var sender = await gateway.ConnectAsync("?user=ann");
            await using var sameUser = await gateway.ConnectAsync("?user=ann");
            await using var other = await gateway.ConnectAsync("?user=bob");
            foreach (var client in new[] { sender, sameUser, other })
                await client.SubscribeAsync(channel);

            await sender.PublishAsync(channel, "1", ",\"echo\":false");
            await sender.PublishAsync(channel, "2", ",\"echo\":true");

            Assert.Equal(2, (await sender.ReceiveAsync("message")).Number("content"));
            foreach (var client in new[] { sameUser, other })
                Assert.Equal([1, 2], (await client.ReceiveMessagesAsync(2)).Select(message => message.Number("content")));
        }
    }

    [Fact]
    public async Task An_ack_comes_only_to_a_message_with_an_id()
    {
        string channel = SharedGateway.NewChannel();
        await using var client = await gateway.ConnectAsync();

        await client.PublishAsync(channel, "1");
        await client.PublishAsync(channel, "2", ",\"id\":\"two\"");
        string? next = await client.ReceiveTextAsync();

        Assert.Equal($$"""{"type":"ack","id":"two","channel":"{{channel}}"}""", next);
    }

    [Fact]
    public async Task With_history_the_ack_tells_the_messages_position()
    {
        string channel = SharedGateway.NewChannel("log");
        await using var client = await gateway.ConnectAsync();

        var first = await client.PublishManyAsync(channel, 1);
        var third = await client.PublishManyAsync(channel, 2);

        Assert.Equal((1, 3), (first.Number("seq"), third.Number("seq")));
        Assert.Equal(first.Text("epoch"), third.Text("epoch"));
        await using var subscriber = await gateway.ConnectAsync();
        var subscribed = await subscriber.SubscribeAsync(channel);
        Assert.Equal((first.Text("epoch"), 3), (subscribed.Text("epoch"), subscribed.Number("seq")));
    }

    [Fact]
    public async Task Publishing_does_not_take_a_subscription()
    {
        string channel = SharedGateway.NewChannel();
        await using var subscriber = await gateway.ConnectAsync();
        await subscriber.SubscribeAsync(channel);
        await using var publisher = await gateway.ConnectAsync();

        await publisher.PublishAsync(channel, "1", ",\"id\":1");

        Assert.Equal(1, (await subscriber.ReceiveAsync("message")).Number("content"));
        await publisher.ReceiveAsync("ack");
        Assert.True(await publisher.HearsOnlyPongAsync());
    }

    [Fact]
    public async Task A_message_over_the_size_limit_closes_the_connection_with_1009_and_the_limit()
    {
        await using var server = await GatewayServer.StartAsync("Limits:MessageBytes=1024");
        await using var client = await JsonClient.ConnectAsync(server);

        await client.PublishAsync("a", "\"" + new string('x', 1024) + "\"");
        var message = await client.ReceiveAsync("disconnect");

        Assert.Equal(1009, message.Number("code"));
        Assert.False(message.GetProperty("reconnect").GetBoolean());
        Assert.Null(await client.ReceiveTextAsync());
        Assert.Equal(1009, (int)client.Socket.CloseStatus!);
        Assert.Contains("1024", client.Socket.CloseStatusDescription, StringComparison.Ordinal);
    }
}
