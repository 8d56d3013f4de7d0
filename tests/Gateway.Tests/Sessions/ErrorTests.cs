using Gateway.TestSupport;

namespace Gateway.Tests.Sessions;

public sealed class ErrorTests(SharedGateway gateway) : IClassFixture<SharedGateway>
{
    public static TheoryData<string, string> Mistakes => new()
    {
        { """{"type":"dance","id":1}""", "unknown_type" },
        { """{"type":"Ping","id":1}""", "unknown_type" },
        { """{"id":1}""", "bad_request" },
        { """{"type":7,"id":1}""", "bad_request" },
        { """{"type":"subscribe","id":1}""", "bad_request" },
        { """{"type":"subscribe","channel":"","id":1}""", "bad_request" },
        { """{"type":"subscribe","channel":["a"],"id":1}""", "bad_request" },
        { """{"type":"subscribe","channel":"log:a","recover":{"seq":1},"id":1}""", "bad_request" },
        { """{"type":"subscribe","channel":"log:a","recover":{"epoch":"e","seq":-1},"id":1}""", "bad_request" },
        { """{"type":"subscribe","channel":"log:a","recover":7,"id":1}""", "bad_request" },
        { """{"type":"unsubscribe","id":1}""", "bad_request" },
        { """{"type":"message","channel":"a","id":1}""", "bad_request" },
        { """{"type":"message","content":{},"id":1}""", "bad_request" },
        { """{"type":"message","channel":"a","content":1,"echo":"no","id":1}""", "bad_request" },
        { """{"type":"message","channel":"a","content":1,"key":"","id":1}""", "bad_request" },
        { """{"type":"presence","id":1}""", "bad_request" },
        { """{"type":"history","id":1}""", "bad_request" },
        { """{"type":"auth","token":"e30.e30.","id":1}""", "bad_request" },
        { """{"type":"auth","id":1}""", "bad_request" },
        { """{"type":"refresh","token":"e30.e30.","id":1}""", "bad_request" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_is_answered_with_its_code_and_id_and_the_connection_stays(string message, string code)
    {
        await using var client = await gateway.ConnectAsync();

        var error = await client.AskAsync(message, "error");

        Assert.Equal(code, error.Text("code"));
        Assert.Equal(1, error.Number("id"));
        Assert.NotEmpty(error.Text("message"));
        Assert.True(await client.HearsOnlyPongAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("hello")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"type\":\"ping\"")]
    [InlineData("{\"type\":\"ping\"}{\"type\":\"ping\"}")]
    [InlineData("{\"type\":\"ping\",}")]
    [InlineData("{\"type\":\"message\",\"channel\":\"a\",\"content\":NaN}")]
    [InlineData("{\"type\":\"message\",\"channel\":\"a\",\"content\":01}")]
    public async Task Text_that_is_no_JSON_object_is_a_bad_request_and_the_connection_stays(string text)
    {
        await using var client = await gateway.ConnectAsync();

        Assert.Equal("bad_request", (await client.AskAsync(text, "error")).Text("code"));
        Assert.True(await client.HearsOnlyPongAsync());
    }

    [Fact]
    public async Task An_error_names_the_channel_it_is_about()
    {
        await using var client = await gateway.ConnectAsync();

        var error = await client.AskAsync("""{"type":"unsubscribe","channel":"never-seen","id":"u"}""", "error");

        Assert.Equal(("not_subscribed", "never-seen", "u"), (error.Text("code"), error.Text("channel"), error.Text("id")));
    }

    [Fact]
    public async Task Unknown_fields_are_ignored()
    {
        await using var client = await gateway.ConnectAsync();

        Assert.Equal(5, (await client.AskAsync("""{"v":[{"type":"x"}],"type":"ping","extra":null,"id":5}""", "pong")).Number("id"));
    }

    [Fact]
    public async Task A_message_that_was_refused_reaches_nobody()
    {
        string channel = SharedGateway.NewChannel();
        await using var subscriber = await gateway.ConnectAsync();
        await subscriber.SubscribeAsync(channel);
        await using var publisher = await gateway.ConnectAsync();

        await publisher.PublishAsync(channel, "1", ",\"echo\":0");
        await publisher.ReceiveAsync("error");
        await publisher.PublishAsync(channel, "2");

        Assert.Equal(2, (await subscriber.ReceiveAsync("message")).Number("content"));
    }
}
