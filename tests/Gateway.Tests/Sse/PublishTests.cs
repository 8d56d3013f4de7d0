using System.Net;
using System.Text;
using System.Text.Json;
using Gateway.TestSupport;
using static Gateway.Tests.Sse.Publishing;

namespace Gateway.Tests.Sse;

/// <summary>Publishing by request, as in protocol under "Publishing by request".</summary>
public sealed class PublishTests(PublishTests.Shared gateway) : IClassFixture<PublishTests.Shared>
{
    private int Port => gateway.Server.PublicPort;

    [Fact]
    public async Task The_answer_tells_the_position_where_there_is_history()
    {
        var (status, body) = await PostAsync(Port, """{"channel":"log:answer","content":1}""");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Matches("""^{"channel":"log:answer","epoch":"[^"]+","seq":1}$""", body);
        Assert.Equal((HttpStatusCode.OK, """{"channel":"plain"}"""), await PostAsync(Port, """{"channel":"plain","content":1}"""));
    }

    [Fact]
    public async Task The_message_reaches_subscribers_byte_for_byte()
    {
        await using var client = await JsonClient.ConnectAsync(gateway.Server);
        await client.SubscribeAsync("bytes");

        await PostAsync(Port, """{"type":"message","content":{ "a" : [1.50, "\u00fc"] },"channel":"bytes","echo":false,"id":"x"}""");

        var message = await client.ReceiveAsync("message");
        Assert.Equal("""{ "a" : [1.50, "\u00fc"] }""", message.Raw("content"));
        Assert.StartsWith("anonymous-", message.Text("sender"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("7")]
    [InlineData("\"a\"")]
    public async Task An_id_comes_back(string id) =>
        Assert.Equal(
            (HttpStatusCode.OK, $$"""{"id":{{id}},"channel":"plain"}"""),
            await PostAsync(Port, $$"""{"channel":"plain","content":1,"id":{{id}}}"""));

    [Fact]
    public async Task A_key_makes_it_safe_to_send_again()
    {
        var first = await PostAsync(Port, """{"channel":"log:key","content":1,"key":"k"}""");
        var second = await PostAsync(Port, """{"channel":"log:key","content":1,"key":"k"}""");

        Assert.Equal(first, second);
        Assert.Equal(
            2, JsonDocument.Parse((await PostAsync(Port, """{"channel":"log:key","content":2}""")).Body).RootElement.Number("seq"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"channel":"a"}""")]
    [InlineData("""{"content":1}""")]
    [InlineData("""{"channel":7,"content":1}""")]
    [InlineData("""{"channel":"","content":1}""")]
    [InlineData("""{"channel":"a b","content":1}""")]
    [InlineData("""{"channel":"a","content":1}{}""")]
    [InlineData("""{"channel":"a","content":tru}""")]
    [InlineData("""{"channel":"a","content":1,"id":{}}""")]
    [InlineData("""{"channel":"a","content":1,"key":""}""")]
    [InlineData("""{"channel":"a","content":1,"echo":1}""")]
    [InlineData("""{"type":"subscribe","channel":"a"}""")]
    [InlineData("""{"type":"unheard-of","channel":"a","content":1}""")]
    public async Task An_invalid_message_is_an_error(string body)
    {
        var (status, answer) = await PostAsync(Port, body);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Matches("""^{"error":"bad_request","message":".+"}$""", answer);
    }

    [Fact]
    public async Task Text_that_is_not_UTF8_is_refused()
    {
        using var http = new HttpClient();
        using var body = new ByteArrayContent(Encoding.Latin1.GetBytes("{\"channel\":\"a\",\"content\":\"\u00ff\"}"));
        using var reply = await http.PostAsync(new Uri($"http://127.0.0.1:{Port}/publish"), body);

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_the_limit_is_413_and_one_at_it_is_taken(bool chunked)
    {
        async Task<HttpResponseMessage> SendAsync(int length)
        {
            string json = $$"""{"channel":"big","content":"{{new string('x', length - 32)}}"}""";
            using var http = new HttpClient();
            using var request = SseClient.Request(HttpMethod.Post, Port, "/publish");
            request.Content = new StringContent(json + new string(' ', length - json.Length));
            request.Headers.TransferEncodingChunked = chunked;
            return await http.SendAsync(request);
        }

        using var taken = await SendAsync(Shared.MessageBytes);
        using var refused = await SendAsync(Shared.MessageBytes + 1);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.RequestEntityTooLarge), (taken.StatusCode, refused.StatusCode));
        Assert.Equal("message_too_large", JsonDocument.Parse(await refused.Content.ReadAsStringAsync()).RootElement.Text("error"));
    }

    [Theory]
    [InlineData("user:somebody")]
    [InlineData("closed:a")]
    public async Task Where_nobody_may_publish_it_is_403(string channel) =>
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(Port, $$"""{"channel":"{{channel}}","content":1}""")).Status);

    [Fact]
    public async Task Any_other_method_is_405()
    {
        foreach (var (method, path) in new[]
        {
            (HttpMethod.Get, "/publish"), (HttpMethod.Put, "/publish"), (HttpMethod.Post, "/sse?channel=a"),
        })
        {
            using var reply = await AskAsync(method, Port, path);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, reply.StatusCode);
        }
    }

    public sealed class Shared : IAsyncLifetime
    {
        public const int MessageBytes = 200_000;

        public GatewayServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() =>
            Server = await GatewayServer.StartAsync(
                "Namespaces:log:History=100", "Namespaces:closed:Publish=nobody", $"Limits:MessageBytes={MessageBytes}");

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
