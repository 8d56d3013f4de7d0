using System.Net;
using System.Text.Json;
using Gateway.TestSupport;
using static Gateway.Tests.Sse.Publishing;

namespace Gateway.Tests.BinaryMessages;

/// <summary>Attachments where messages are text: event streams and publishing by request.</summary>
public sealed class StreamTests(StreamTests.Shared gateway) : IClassFixture<StreamTests.Shared>
{
    private int Port => gateway.Server.PublicPort;

    [Fact]
    public async Task A_stream_has_them_in_base64_and_a_WebSocket_beside_it_as_bytes()
    {
        await using var stream = await SseClient.ConnectAsync(Port, "channel=both");
        await stream.ReceiveAsync("subscribed");
        await using var socket = await JsonClient.ConnectAsync(gateway.Server);
        await socket.SubscribeAsync("both");

        await socket.SendBytesAsync(AttachedMessage.Of("both", ",\"content\":[1,\n2]", [1, 2, 3], []));

        var received = await socket.ReceiveAttachedAsync();
        var message = (await stream.ReceiveAsync("message")).Json;
        Assert.Equal([[1, 2, 3], []], received.Attachments);
        Assert.Equal(received.Attachments, AttachedMessage.ReadTexts(message));
        Assert.Equal("[1,\n2]", message.Raw("content"));
        Assert.Equal(received.Header.Raw("time"), message.Raw("time"));
    }

    [Fact]
    public async Task A_stream_that_comes_back_gets_what_it_missed_in_base64()
    {
        string id;
        await using (var first = await SseClient.ConnectAsync(Port, "channel=log:missed"))
        {
            await first.ReceiveAsync("subscribed");
            await PublishAsync(Port, "log:missed", "1");
            id = (await first.ReceiveAsync("message")).LastEventId;
        }
        await PostAsync(Port, """{"channel":"log:missed","attachments":["AQID"]}""");
        await PublishAsync(Port, "log:missed", "3");

        await using var back = await SseClient.ConnectAsync(Port, "channel=log:missed", "Last-Event-ID: " + id);
        await back.ReceiveAsync("subscribed");
        var missed = await back.ReceiveAsync("message");
        Assert.Equal(2, missed.Json.Number("seq"));
        Assert.Equal([[1, 2, 3]], AttachedMessage.ReadTexts(missed.Json));
        Assert.NotEqual(id, missed.LastEventId);
        Assert.Equal(3, (await back.ReceiveAsync("message")).Json.Number("content"));
    }

    [Fact]
    public async Task A_request_publishes_attachments_with_content_or_without()
    {
        await using var client = await JsonClient.ConnectAsync(gateway.Server);
        await client.SubscribeAsync("posted");

        Assert.Equal(
            (HttpStatusCode.OK, """{"id":7,"channel":"posted"}"""),
            await PostAsync(Port, """{"attachments":["AQID","\/\/8="],"id":7,"channel":"posted"}"""));
        await PostAsync(Port, """{"attachments":[""],"content":{ "a":1},"channel":"posted"}""");
        await PostAsync(Port, """{"attachments":[],"content":"none","channel":"posted"}""");

        var alone = await client.ReceiveAttachedAsync();
        Assert.Equal([[1, 2, 3], [0xFF, 0xFF]], alone.Attachments);
        Assert.False(alone.Header.Has("content"));
        Assert.Equal("""{ "a":1}""", (await client.ReceiveAttachedAsync()).Header.Raw("content"));
        Assert.Equal("none", (await client.ReceiveAsync("message")).Text("content"));
    }

    [Theory]
    [InlineData("""{"channel":"a","attachments":[]}""", "'content'")]
    [InlineData("""{"channel":"a","attachments":"AQID"}""", "'attachments' must be an array of strings in base64")]
    [InlineData("""{"channel":"a","content":1,"attachments":[3]}""", "'attachments' must be an array of strings in base64")]
    [InlineData("""{"channel":"a","attachments":["AQI=","A*=="]}""", "number 2 is none")]
    [InlineData(
        """{"channel":"a","attachments":["","","","","","","","","","","","","","","","",""]}""",
        "'attachments' must have at most 16 elements")]
    public async Task A_request_with_attachments_that_will_not_do_is_refused(string body, string problem)
    {
        var (status, answer) = await PostAsync(Port, body);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        var refusal = JsonDocument.Parse(answer).RootElement;
        Assert.Equal("bad_request", refusal.Text("error"));
        Assert.Contains(problem, refusal.Text("message"), StringComparison.Ordinal);
    }

    /// <summary>One gateway for all tests of the class.</summary>
    public sealed class Shared : IAsyncLifetime
    {
        public GatewayServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await GatewayServer.StartAsync("Namespaces:log:History=20");

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
