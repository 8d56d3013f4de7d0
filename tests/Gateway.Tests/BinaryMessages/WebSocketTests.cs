using Gateway.Tests.Sessions;
using Gateway.TestSupport;

namespace Gateway.Tests.BinaryMessages;

/// <summary>Messages with attachments between WebSockets, as in protocol under "Attachments".</summary>
public sealed class WebSocketTests(SharedGateway gateway) : IClassFixture<SharedGateway>
{
    [Fact]
    public async Task Bytes_alone_arrive_as_they_were_sent()
    {
        string channel = SharedGateway.NewChannel();
        await using var client = await gateway.ConnectAsync("?user=ann");
        await client.SubscribeAsync(channel);
        byte[] picture = Random.Shared.GetItems(Enumerable.Range(0, 256).Select(value => (byte)value).ToArray(), 50_000);

        await client.SendBytesAsync(AttachedMessage.Of(channel, "", picture));

        var message = await client.ReceiveAttachedAsync();
        Assert.Equal([picture], message.Attachments);
        Assert.Equal(
            ("message", channel, "ann"), (message.Header.Text("type"), message.Header.Text("channel"), message.Header.Text("sender")));
        Assert.False(message.Header.Has("content"));
    }

    [Fact]
    public async Task Content_goes_along_byte_for_byte()
    {
        string channel = SharedGateway.NewChannel();
        await using var client = await gateway.ConnectAsync();
        await client.SubscribeAsync(channel);

        await client.SendBytesAsync(AttachedMessage.Of(channel, ""","content":{ "a":[1e400 ], "é":"\u00e9"}""", [1, 2], [], [3]));

        var message = await client.ReceiveAttachedAsync();
        Assert.Equal([[1, 2], [], [3]], message.Attachments);
        Assert.Equal("""{ "a":[1e400 ], "é":"\u00e9"}""", message.Header.Raw("content"));
    }

    [Fact]
    public async Task Sixteen_arrive_and_one_more_closes_with_1003()
    {
        string channel = SharedGateway.NewChannel();
        await using var client = await gateway.ConnectAsync();
        await client.SubscribeAsync(channel);
        byte[][] most = [.. Enumerable.Range(0, 16).Select(i => new[] { (byte)i })];

        await client.SendBytesAsync(AttachedMessage.Of(channel, "", most));
        Assert.Equal(most, (await client.ReceiveAttachedAsync()).Attachments);

        await client.SendBytesAsync(AttachedMessage.Of(channel, "", [.. most, []]));
        await DisconnectedAsync(client, "a binary message has 1 to 16 attachments");
    }

    [Fact]
    public async Task Messages_of_both_kinds_keep_their_order_and_are_acknowledged()
    {
        string channel = SharedGateway.NewChannel("log");
        await using var subscriber = await gateway.ConnectAsync();
        await using var publisher = await gateway.ConnectAsync();
        await subscriber.SubscribeAsync(channel);
        for (int i = 1; i <= 200; i += 2)
        {
            await publisher.SendBytesAsync(AttachedMessage.Of(channel, $",\"id\":{i}", [(byte)i]));
            await publisher.PublishAsync(channel, $"{i + 1}", $",\"id\":{i + 1}");
        }

        for (int i = 1; i <= 200; i += 2)
        {
            Assert.Equal([[(byte)i]], (await subscriber.ReceiveAttachedAsync()).Attachments);
            Assert.Equal(i + 1, (await subscriber.ReceiveAsync("message")).Number("content"));
            Assert.Equal((i, i), ((await publisher.ReceiveAsync("ack")) is var ack ? (ack.Number("id"), ack.Number("seq")) : default));
            await publisher.ReceiveAsync("ack");
        }
    }

    [Fact]
    public async Task The_sender_that_wants_no_echo_gets_none_and_a_key_publishes_once()
    {
        string channel = SharedGateway.NewChannel("log");
        await using var subscriber = await gateway.ConnectAsync();
        await using var publisher = await gateway.ConnectAsync("?user=ann");
        await subscriber.SubscribeAsync(channel);
        await publisher.SubscribeAsync(channel);
        byte[] message = AttachedMessage.Of(channel, ""","echo":false,"key":"k","id":1""", [7]);

        await publisher.SendBytesAsync(message);
        await publisher.SendBytesAsync(message);

        Assert.Equal(1, (await publisher.ReceiveAsync("ack")).Number("seq"));
        Assert.Equal(1, (await publisher.ReceiveAsync("ack")).Number("seq"));
        Assert.Equal([[7]], (await subscriber.ReceiveAttachedAsync()).Attachments);
        Assert.True(await subscriber.HearsOnlyPongAsync());
        Assert.True(await publisher.HearsOnlyPongAsync());
    }

    [Fact]
    public async Task History_has_them_in_base64()
    {
        string channel = SharedGateway.NewChannel("log");
        await using var client = await gateway.ConnectAsync();
        await client.SendBytesAsync(AttachedMessage.Of(channel, ""","content":"both" """, [1, 2, 3], [0xFF]));
        await client.SendBytesAsync(AttachedMessage.Of(channel, "", [4]));
        await client.PublishAsync(channel, "\"text\"");

        var page = await client.AskAsync($$"""{"type":"history","channel":"{{channel}}"}""", "history");

        var messages = page.GetProperty("messages").EnumerateArray().ToList();
        Assert.Equal(["both", null, "text"], messages.Select(message => message.Has("content") ? message.Text("content") : null));
        Assert.Equal(["AQID", "/w=="], messages[0].Texts("attachments"));
        Assert.Equal(["BA=="], messages[1].Texts("attachments"));
        Assert.False(messages[2].Has("attachments"));
    }

    [Fact]
    public async Task What_was_missed_comes_as_it_would_have_come_then()
    {
        string channel = SharedGateway.NewChannel("log");
        await using var publisher = await gateway.ConnectAsync();
        await using var client = await gateway.ConnectAsync();
        var ack = await publisher.PublishManyAsync(channel, 1);
        await publisher.SendBytesAsync(AttachedMessage.Of(channel, "", [1, 2]));
        await publisher.PublishAsync(channel, "3");
        await publisher.SendBytesAsync(AttachedMessage.Of(channel, ""","content":4,"id":4""", [[]]));
        await publisher.ReceiveAsync("ack");

        Assert.True((await client.RecoverAsync(channel, ack.Text("epoch"), 1)).GetProperty("recovered").GetBoolean());

        var second = await client.ReceiveAttachedAsync();
        Assert.Equal(2, second.Header.Number("seq"));
        Assert.Equal([[1, 2]], second.Attachments);
        Assert.Equal(3, (await client.ReceiveAsync("message")).Number("seq"));
        var fourth = await client.ReceiveAttachedAsync();
        Assert.Equal((4, 4), (fourth.Header.Number("seq"), fourth.Header.Number("content")));
        Assert.Equal([[]], fourth.Attachments);
    }

    [Theory]
    [InlineData(""","id":"m" """, "a b", "bad_request")]
    [InlineData(""","id":"m","echo":1""", "c", "bad_request")]
    [InlineData(""","id":"m" """, "unpublished:c", "forbidden")]
    public async Task A_message_that_is_wrong_but_laid_out_well_is_answered_with_an_error(string more, string channel, string code)
    {
        await using var client = await gateway.ConnectAsync();

        await client.SendBytesAsync(AttachedMessage.Of(channel, more, [1]));

        var error = await client.ReceiveAsync("error");
        Assert.Equal((code, "m"), (error.Text("code"), error.Text("id")));
        Assert.True(await client.HearsOnlyPongAsync());
    }

    [Fact]
    public async Task A_type_that_is_not_known_yet_is_an_error()
    {
        await using var client = await gateway.ConnectAsync();
        await client.SendBytesAsync(AttachedMessage.Bytes("""{"type":"hologram","id":5,"attachments":[1]}""", [1]));
        var error = await client.ReceiveAsync("error");
        Assert.Equal(("unknown_type", 5), (error.Text("code"), error.Number("id")));
    }

    [Fact]
    public async Task Attachments_in_text_are_an_error_that_says_where_they_belong()
    {
        await using var client = await gateway.ConnectAsync();
        await client.SendAsync("""{"type":"message","channel":"c","content":1,"id":6,"attachments":["AQID"]}""");
        var error = await client.ReceiveAsync("error");
        Assert.Equal(
            ("bad_request", 6, "A message with 'attachments' must be a binary message."),
            (error.Text("code"), error.Number("id"), error.Text("message")));
    }

    [Theory]
    [InlineData("", "the header of the binary message is not one JSON object")]
    [InlineData("[]", "the header of the binary message is not one JSON object")]
    [InlineData("""{"type":"message","channel":"c","content":1}""", "'attachments' in the header must be an array of lengths")]
    [InlineData("""{"type":"message","channel":"c","attachments":["AQID"]}""", "'attachments' in the header must be an array of lengths")]
    [InlineData("""{"type":"message","channel":"c","attachments":[]}""", "a binary message has 1 to 16 attachments")]
    [InlineData(
        """{"type":"message","channel":"c","attachments":[2]}""",
        "the lengths in 'attachments' are not those of the bytes behind the header")]
    [InlineData(
        """{"type":"message","channel":"c","attachments":[2147483647]}""",
        "the lengths in 'attachments' are not those of the bytes behind the header")]
    [InlineData("""{"type":"ping","attachments":[3]}""", "of all types, only 'message' has attachments")]
    public async Task Anything_else_closes_with_1003_and_says_what_is_wrong(string header, string reason)
    {
        await using var client = await gateway.ConnectAsync();
        await client.SendBytesAsync(AttachedMessage.Bytes(header, [1, 2, 3]));
        await DisconnectedAsync(client, reason);
    }

    [Fact]
    public async Task A_header_longer_than_the_message_closes_with_1003()
    {
        await using var client = await gateway.ConnectAsync();
        await client.SendBytesAsync((byte[])[0xFF, 0xFF, 0xFF, 0xFF, .. "{}"u8]);
        await DisconnectedAsync(client, "the header of the binary message is longer than the message");
    }

    private static async Task DisconnectedAsync(JsonClient client, string reason)
    {
        var last = await client.ReceiveAsync("disconnect");
        Assert.Equal((1003, reason, false), (last.Number("code"), last.Text("reason"), last.GetProperty("reconnect").GetBoolean()));
        await Assert.ThrowsAsync<ClosedException>(() => client.ReceiveAsync());
        Assert.Equal((1003, reason), ((int?)client.Socket.CloseStatus, client.Socket.CloseStatusDescription));
    }
}
