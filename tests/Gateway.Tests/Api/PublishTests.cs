using Gateway.TestSupport;

namespace Gateway.Tests.Api;

public sealed class PublishTests(ApiGateway gateway) : IClassFixture<ApiGateway>
{
    [Theory]
    [InlineData("""{ "b" : 1.50, "a":[ null ,true],"\u00e9":"\ud83d\ude00 \/ é"}""")]
    [InlineData("\"text\"")]
    [InlineData("-0.0e+1")]
    [InlineData("null")]
    public async Task Content_arrives_byte_for_byte(string content)
    {
        await using var subscriber = await gateway.ConnectAsync("s");
        await subscriber.SubscribeAsync("bytes");

        var answer = await gateway.Server.PostAsync("publish", $$"""{"content":{{content}},"channel":"bytes"}""");

        Assert.Equal(200, answer.Status);
        Assert.Equal("application/json", answer.ContentType);
        Assert.Equal("""{"channel":"bytes"}""", answer.Text);
        Assert.Contains($"\"content\":{content}", await subscriber.ReceiveTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_a_channel_with_history_the_answer_has_the_position()
    {
        var first = await gateway.Server.PostAsync("publish", """{"channel":"log:position","content":1}""");
        var second = await gateway.Server.PostAsync("publish", """{"channel":"log:position","content":2}""");
        Assert.Equal(1, first.Json.Number("seq"));
        Assert.Equal(2, second.Json.Number("seq"));
        Assert.Equal(first.Json.Text("epoch"), second.Json.Text("epoch"));
    }

    [Fact]
    public async Task The_sender_is_the_user_that_the_caller_names_or_none()
    {
        await using var subscriber = await gateway.ConnectAsync("s");
        await subscriber.SubscribeAsync("senders");
        await gateway.Server.PostAsync("publish", """{"channel":"senders","content":1,"sender":"ann \"the\" \u00fcber"}""");
        await gateway.Server.PostAsync("publish", """{"channel":"senders","content":2}""");
        Assert.Equal("ann \"the\" über", (await subscriber.ReceiveAsync("message")).Text("sender"));
        Assert.False((await subscriber.ReceiveAsync("message")).Has("sender"));
    }

    [Fact]
    public async Task The_same_key_again_publishes_nothing_and_gives_the_first_position()
    {
        const string Body = """{"channel":"log:keys","content":1,"key":"k-1"}""";
        var first = await gateway.Server.PostAsync("publish", Body);
        var again = await gateway.Server.PostAsync("publish", Body);
        Assert.Equal(first.Text, again.Text);
        Assert.Single((await gateway.Server.GetAsync("/api/channels/log:keys/history")).Json.GetProperty("messages").EnumerateArray());
    }

    [Fact]
    public async Task The_api_may_publish_where_no_client_may()
    {
        await using var ann = await gateway.ConnectAsync("ann");
        await ann.SubscribeAsync("user:ann");
        await ann.SubscribeAsync("closed:a");
        Assert.Equal("forbidden", (await ann.AskAsync("""{"type":"message","channel":"user:ann","content":1}""", "error")).Text("code"));

        Assert.Equal(200, (await gateway.Server.PostAsync("publish", """{"channel":"user:ann","content":"mine"}""")).Status);
        Assert.Equal(200, (await gateway.Server.PostAsync("publish", """{"channel":"closed:a","content":"news"}""")).Status);

        // The messages are of different channels, so they come in either order.
        var received = (await ann.ReceiveMessagesAsync(2)).Select(message => message.Text("channel"));
        Assert.Equal(["closed:a", "user:ann"], received.Order());
    }

    [Fact]
    public async Task Messages_of_one_caller_keep_their_order()
    {
        await using var subscriber = await gateway.ConnectAsync("s");
        await subscriber.SubscribeAsync("log:order");
        for (int i = 0; i < 40; i++)
            await gateway.Server.PostAsync("publish", $$"""{"channel":"log:order","content":{{i}}}""");
        var messages = await subscriber.ReceiveMessagesAsync(40);
        Assert.Equal(Enumerable.Range(1, 40).Select(seq => (long)seq), messages.Seqs());
        Assert.Equal(Enumerable.Range(0, 40), messages.Select(message => message.GetProperty("content").GetInt32()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_that_comes_in_many_pieces_is_read_whole(bool chunked)
    {
        string text = string.Concat(
            Enumerable.Range(0, 60_000).Select(i => (i % 10).ToString(System.Globalization.CultureInfo.InvariantCulture)));
        await using var subscriber = await gateway.ConnectAsync("s");
        await subscriber.SubscribeAsync("large");
        var answer = await gateway.Server.PostAsync(
            "publish", $$"""{"channel":"large","content":"{{text}}"}""", chunked ? [("Transfer-Encoding", "chunked")] : []);
        Assert.Equal(200, answer.Status);
        Assert.Equal(text, (await subscriber.ReceiveAsync("message")).Text("content"));
    }

    [Fact]
    public async Task A_broadcast_reaches_every_channel_and_answers_for_each()
    {
        await using var subscriber = await gateway.ConnectAsync("s");
        await subscriber.SubscribeAsync("one");
        await subscriber.SubscribeAsync("log:two");
        var answer = await gateway.Server.PostAsync(
            "broadcast", """{"channels":["one","log:two","nobody-there"],"content":{"a":1},"sender":"ann"}""");
        var results = answer.Json.GetProperty("results");
        Assert.Equal(["one", "log:two", "nobody-there"], results.EnumerateArray().Select(result => result.Text("channel")));
        Assert.Equal(1, results[1].Number("seq"));
        Assert.Equal(["log:two", "one"], (await subscriber.ReceiveMessagesAsync(2)).Select(message => message.Text("channel")).Order());
    }

    [Fact]
    public async Task A_broadcast_with_one_bad_channel_publishes_to_none()
    {
        var answer = await gateway.Server.PostAsync("broadcast", """{"channels":["log:none","with blank"],"content":1}""");
        Assert.Equal((400, "channels[1]"), (answer.Status, answer.Json.Text("field")));
        Assert.Equal(0, (await gateway.Server.GetAsync("/api/channels/log:none")).Json.Number("seq"));
    }

    [Fact]
    public async Task A_batch_is_done_in_order_with_a_result_for_each_command()
    {
        await using var bob = await gateway.ConnectAsync("bob");
        var answer = await gateway.Server.PostAsync("batch", """
            {"commands":[
              {"type":"subscribe","user":"bob","channel":"log:batch"},
              {"type":"publish","channel":"log:batch","content":1},
              {"type":"publish","channel":"log:batch"},
              {"type":"broadcast","channels":["log:batch"],"content":2},
              {"type":"dance"},
              {"type":"unsubscribe","user":"bob","channel":"log:batch"},
              {"type":"publish","channel":"log:batch","content":3},
              "nothing"]}
            """);

        Assert.Equal(200, answer.Status);
        var results = answer.Json.GetProperty("results").EnumerateArray().ToList();
        Assert.Equal(8, results.Count);
        Assert.Equal(1, results[0].Number("connections"));
        Assert.Equal(1, results[1].Number("seq"));
        Assert.Equal((400, "content"), ((int)results[2].Number("status"), results[2].Text("field")));
        Assert.Equal(2, results[3].GetProperty("results")[0].Number("seq"));
        Assert.Equal("type", results[4].Text("field"));
        Assert.Equal(1, results[5].Number("connections"));
        Assert.Equal(3, results[6].Number("seq"));
        Assert.Equal("commands[7]", results[7].Text("field"));
        await bob.ReceiveAsync("subscribed");
        // Messages published a moment before he was unsubscribed may reach him too late.
        await bob.ReceiveUntilAsync(message => message.Text("type") == "unsubscribed");
        Assert.True(await bob.HearsOnlyPongAsync());
        Assert.Equal(
            [1L, 2L, 3L],
            (await gateway.Server.GetAsync("/api/channels/log:batch/history")).Json.GetProperty("messages").EnumerateArray().Seqs());
    }

    [Fact]
    public async Task Bytes_that_are_not_utf8_are_refused_before_they_can_reach_a_client()
    {
        byte[] body = [.. """{"channel":"a","content":"x"""u8, 0xff, .. "\"}"u8];
        var answer = await ApiCalls.SendAsync(gateway.Server.InternalPort, HttpMethod.Post, "/api/publish", body);
        Assert.Equal((400, "body"), (answer.Status, answer.Json.Text("field")));
    }

    [Fact]
    public async Task Unknown_fields_are_ignored_and_of_a_repeated_field_the_last_counts()
    {
        await using var subscriber = await gateway.ConnectAsync("s");
        await subscriber.SubscribeAsync("repeated");
        string body = """{"channel":"elsewhere","future":{"channel":"x"},"channel":"repeated","content":1,"content":2}""";
        Assert.Equal(200, (await gateway.Server.PostAsync("publish", body)).Status);
        Assert.Equal(2, (await subscriber.ReceiveAsync("message")).Number("content"));
    }
}
