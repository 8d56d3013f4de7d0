using System.Net;
using Gateway.TestSupport;
using static Gateway.Tests.Sse.Publishing;

namespace Gateway.Tests.Sse;

/// <summary>The form and the content of a stream, as in protocol under "Server-Sent Events".</summary>
public sealed class StreamTests(StreamTests.Shared gateway) : IClassFixture<StreamTests.Shared>
{
    private int Port => gateway.Server.PublicPort;

    [Fact]
    public async Task The_answer_is_an_event_stream_that_nobody_stores_or_holds_back()
    {
        await using var client = await SseClient.ConnectAsync(Port, "channel=head");

        Assert.Equal(HttpStatusCode.OK, client.Response.StatusCode);
        Assert.Equal("text/event-stream", client.Response.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-store", client.Response.Headers.CacheControl!.ToString());
        Assert.Equal(["no"], client.Response.Headers.GetValues("X-Accel-Buffering"));
        Assert.Null(client.Response.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task The_stream_is_exactly_these_bytes()
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(Port);
        // HTTP/1.0 has no chunks, so that the body is the stream as it is.
        await client.SendTextAsync("GET /sse?channel=log:bytes HTTP/1.0\r\nHost: gateway\r\n\r\n");
        await client.ReadHeadAsync();
        Assert.Matches("^retry: [1-4][0-9]{3}$", await client.ReadLineAsync());
        Assert.Equal("event: connected", await client.ReadLineAsync());
        Assert.StartsWith("""data: {"type":"connected","connection":""", await client.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal("", await client.ReadLineAsync());
        Assert.Matches("^id: [A-Za-z0-9_-]+$", await client.ReadLineAsync());
        Assert.Equal("event: subscribed", await client.ReadLineAsync());
        Assert.Matches("""^data: {"type":"subscribed","channel":"log:bytes","epoch":"[^"]+","seq":0}$""", await client.ReadLineAsync());
        Assert.Equal("", await client.ReadLineAsync());

        await PublishAsync(Port, "log:bytes", "[1,2]");

        Assert.Matches("^id: [A-Za-z0-9_-]+$", await client.ReadLineAsync());
        Assert.Equal("event: message", await client.ReadLineAsync());
        Assert.StartsWith(
            """data: {"type":"message","channel":"log:bytes","content":[1,2],"sender":""",
            await client.ReadLineAsync(),
            StringComparison.Ordinal);
        Assert.Equal("", await client.ReadLineAsync());
    }

    [Fact]
    public async Task Every_channel_is_confirmed_and_those_denied_are_errors()
    {
        await using var client = await SseClient.ConnectAsync(
            Port, "channel=one&channel=user:somebody&channel=log:two&channel=a%20b&channel=one");

        Assert.Equal("one", (await client.ReceiveAsync("subscribed")).Json.Text("channel"));
        var denied = (await client.ReceiveAsync("error")).Json;
        Assert.Equal(("forbidden", "user:somebody"), (denied.Text("code"), denied.Text("channel")));
        Assert.Equal("log:two", (await client.ReceiveAsync("subscribed")).Json.Text("channel"));
        Assert.Equal("bad_request", (await client.ReceiveAsync("error")).Json.Text("code"));
        // The channel is named twice and subscribed once, so the next event is a message.
        await PublishAsync(Port, "one", "1");
        Assert.Equal(1, (await client.ReceiveAsync("message")).Json.Number("content"));
    }

    [Theory]
    [InlineData("line\\nbreak")]
    [InlineData("data: x\\n\\nevent: forged\\nid: forged\\n\\n")]
    [InlineData("\\r\\n\\r\\u2028\\u0085")]
    public async Task Text_with_line_ends_arrives_as_it_was(string text)
    {
        await using var client = await SseClient.ConnectAsync(Port, "channel=text");
        await client.ReceiveAsync("subscribed");

        await PublishAsync(Port, "text", $"\"{text}\"");

        Assert.Equal($"\"{text}\"", (await client.ReceiveAsync("message")).Json.Raw("content"));
        Assert.Empty(client.LastEventId);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r")]
    [InlineData("\r\n")]
    [InlineData("\n\n")]
    [InlineData("\r\r\n\n")]
    public async Task Line_ends_between_JSON_values_do_not_end_the_event(string end)
    {
        await using var client = await SseClient.ConnectAsync(Port, "channel=lines");
        await client.ReceiveAsync("subscribed");

        await PublishAsync(Port, "lines", $"{{{end}\"a\":{end} [1,{end}2]{end}}}");

        var content = (await client.ReceiveAsync("message")).Json.GetProperty("content").GetProperty("a");
        Assert.Equal([1, 2], content.EnumerateArray().Select(item => item.GetInt32()));
    }

    [Fact]
    public async Task Content_as_deep_as_may_be_and_text_that_no_program_can_decode_come_through()
    {
        await using var client = await SseClient.ConnectAsync(Port, "channel=odd");
        await client.ReceiveAsync("subscribed");
        string deep = new string('[', 63) + new string(']', 63);

        await PublishAsync(Port, "odd", deep);
        await PublishAsync(Port, "odd", "\"\\ud800\"");

        Assert.Contains($"\"content\":{deep},", (await client.ReceiveAsync("message")).Data, StringComparison.Ordinal);
        Assert.Contains("\"content\":\"\\ud800\",", (await client.ReceiveAsync("message")).Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Any_channel_name_and_any_text_come_through()
    {
        const string Channel = "log:\"\\ä\U0001F600&=+%";
        await using var client = await SseClient.ConnectAsync(Port, "channel=" + Uri.EscapeDataString(Channel));
        Assert.Equal(Channel, (await client.ReceiveAsync("subscribed")).Json.Text("channel"));

        await PublishAsync(Port, "log:\\\"\\\\ä\U0001F600&=+%", "\"ü\U0001F600\"");

        var message = await client.ReceiveAsync("message");
        Assert.Equal((Channel, "ü\U0001F600"), (message.Json.Text("channel"), message.Json.Text("content")));
        await using var back = await SseClient.ConnectAsync(
            Port, "channel=" + Uri.EscapeDataString(Channel), "Last-Event-ID: " + message.LastEventId);
        Assert.True((await back.ReceiveAsync("subscribed")).Json.GetProperty("recovered").GetBoolean());
    }

    [Theory]
    [InlineData(100)]
    [InlineData(70_000)]
    [InlineData(300_000)]
    public async Task Messages_of_any_size_come_whole_and_in_order(int bytes)
    {
        string channel = "size:" + bytes;
        await using var client = await SseClient.ConnectAsync(Port, "channel=" + channel);
        await client.ReceiveAsync("subscribed");
        await using var publisher = await JsonClient.ConnectAsync(gateway.Server);
        string padding = new('x', bytes);

        for (int i = 1; i <= 20; i++)
            await publisher.PublishAsync(channel, $$"""{"n":{{i}},"p":"{{padding}}"}""");

        for (int i = 1; i <= 20; i++)
        {
            var message = (await client.ReceiveAsync("message")).Json;
            Assert.Equal((i, i), (message.Number("seq"), message.GetProperty("content").Number("n")));
            Assert.Equal(bytes, message.GetProperty("content").Text("p").Length);
        }
    }

    [Fact]
    public async Task Streams_and_WebSockets_see_one_order()
    {
        await using var stream = await SseClient.ConnectAsync(Port, "channel=log:order");
        await stream.ReceiveAsync("subscribed");
        await using var socket = await JsonClient.ConnectAsync(gateway.Server);
        await socket.SubscribeAsync("log:order");

        await Task.WhenAll(
            Enumerable.Range(0, 4).Select(publisher => PublishManyAsync(Port, "log:order", publisher * 100, (publisher * 100) + 24)));

        for (int i = 1; i <= 100; i++)
        {
            var (bySocket, byStream) = (await socket.ReceiveAsync("message"), (await stream.ReceiveAsync("message")).Json);
            Assert.Equal((i, bySocket.GetRawText()), (byStream.Number("seq"), byStream.GetRawText()));
        }
    }

    [Fact]
    public async Task Presence_counts_the_users_of_streams()
    {
        await using var watcher = await JsonClient.ConnectAsync(gateway.Server);
        await watcher.SubscribeAsync("room:sse");
        var stream = await SseClient.ConnectAsync(Port, "channel=room:sse");
        var joined = (await stream.ReceiveAsync("subscribed")).Json;
        string user = stream.Connected.Text("user");

        Assert.Equal(2, joined.Number("count"));
        Assert.Contains(user, joined.Texts("users"));
        await watcher.ReceiveUntilAsync(message => message.Texts("joined").Contains(user));
        await stream.DisposeAsync();
        await watcher.ReceiveUntilAsync(message => message.Texts("left").Contains(user));
    }

    [Theory]
    [InlineData("/sse", 400, "bad_request")]
    [InlineData("/sse?channel=", 400, "bad_request")]
    [InlineData("/sse?channel=a%20b", 400, "bad_request")]
    [InlineData("/sse?channel=user:somebody", 403, "forbidden")]
    [InlineData("/sse?channel=a%20b&channel=user:somebody", 403, "forbidden")]
    public async Task Without_a_channel_that_is_allowed_there_is_no_stream(string path, int status, string error)
    {
        var (answered, body) = await GetAsync(Port, path);

        Assert.Equal(status, (int)answered);
        Assert.StartsWith($$"""{"error":"{{error}}","message":""", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_has_at_most_as_many_channels_as_a_connection()
    {
        string Query(int count) => string.Join('&', Enumerable.Range(0, count).Select(i => "channel=c" + i));

        Assert.Equal(
            (HttpStatusCode.BadRequest, """{"error":"limit_exceeded","message":"at most 128 channels per stream"}"""),
            await GetAsync(Port, "/sse?" + Query(129)));
        await using var client = await SseClient.ConnectAsync(Port, Query(128));
        for (int i = 0; i < 128; i++)
            await client.ReceiveAsync("subscribed");
    }

    [Fact]
    public async Task The_positions_of_as_many_channels_as_there_may_be_fit_a_request()
    {
        string query = string.Join('&', Enumerable.Range(0, 128).Select(i => "channel=log:p" + i));
        await using var client = await SseClient.ConnectAsync(Port, query);
        for (int i = 0; i < 128; i++)
            await client.ReceiveAsync("subscribed");
        await PublishAsync(Port, "log:p127", "1");

        await using var back = await SseClient.ConnectAsync(Port, query, "Last-Event-ID: " + client.LastEventId);

        var confirmed = await back.ReceiveThroughAsync(each => each.Type == "message");
        Assert.Equal(1, confirmed[^1].Json.Number("seq"));
        Assert.All(confirmed[..^1], each => Assert.True(each.Json.GetProperty("recovered").GetBoolean()));
    }

    [Fact]
    public async Task The_operators_port_serves_neither()
    {
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(gateway.Server.InternalPort, "/sse?channel=a")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync(gateway.Server.InternalPort, """{"channel":"a","content":1}""")).Status);
    }

    [Fact]
    public async Task A_client_that_leaves_leaves_nothing_behind()
    {
        await using var server = await GatewayServer.StartAsync();
        for (int i = 0; i < 20; i++)
        {
            var client = await SseClient.ConnectAsync(server.PublicPort, "channel=a");
            await client.ReceiveAsync("subscribed");
            await client.DisposeAsync();
        }

        await Eventually.TrueAsync(() => server.Connections.Count == 0 && server.Channels.Count == 0, "nothing is left of the streams");
    }

    public sealed class Shared : IAsyncLifetime
    {
        public GatewayServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await GatewayServer.StartAsync(
            "Namespaces:log:History=100", "Namespaces:size:History=20", "Namespaces:room:Presence=true", "Limits:MessageBytes=1000000",
            "Limits:OutboundBytes=100000000");

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
