using System.Globalization;
using Gateway.TestSupport;
using static Gateway.Tests.Sse.Publishing;

namespace Gateway.Tests.Sse;

/// <summary>Streams and WebSockets in one channel: two encodings of the same messages.</summary>
public sealed class BesideWebSocketsTests
{
    [Fact]
    public async Task Both_get_every_message_and_presence_change_in_the_same_order()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:room:History=1000", "Namespaces:room:Presence=true");
        await using var stream = await SseClient.ConnectAsync(server.PublicPort, "channel=room:a");
        await stream.ReceiveAsync("subscribed");
        await using var socket = await JsonClient.ConnectAsync(server);
        await socket.SubscribeAsync("room:a");
        Assert.Single((await stream.ReceiveAsync("presence")).Json.Texts("joined"));
        const int Messages = 200;

        for (int i = 1; i <= Messages; i++)
            await PublishAsync(server.PublicPort, "room:a", i.ToString(CultureInfo.InvariantCulture));

        var events = await stream.ReceiveThroughAsync(each => each.Type == "message" && each.Json.Number("content") == Messages);
        Assert.Equal(Enumerable.Range(1, Messages).Select(i => (long)i), events.Select(each => each.Json.Number("seq")));
        for (int i = 1; i <= Messages; i++)
            Assert.Equal(i, (await socket.ReceiveAsync("message")).Number("seq"));
    }

    [Fact]
    public async Task A_publisher_that_wants_no_echo_gets_none_and_streams_get_the_message()
    {
        await using var server = await GatewayServer.StartAsync();
        await using var stream = await SseClient.ConnectAsync(server.PublicPort, "channel=a");
        await stream.ReceiveAsync("subscribed");
        await using var socket = await JsonClient.ConnectAsync(server);
        await socket.SubscribeAsync("a");

        await socket.AskAsync("""{"type":"message","channel":"a","content":1,"echo":false,"id":1}""", "ack");
        await socket.AskAsync("""{"type":"message","channel":"a","content":2,"id":2}""", "ack");

        Assert.Equal(1, (await stream.ReceiveAsync("message")).Json.Number("content"));
        Assert.Equal(2, (await stream.ReceiveAsync("message")).Json.Number("content"));
        Assert.Equal(2, (await socket.ReceiveAsync("message")).Number("content"));
    }
}
