using System.Net.Sockets;
using Gateway.Server.Listening;
using Gateway.TestSupport;
using Gateway.Tests.Auth;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using static Gateway.Tests.Sse.Publishing;

namespace Gateway.Tests.Sse;

/// <summary>The life of a stream: its pings, its limits and its end.</summary>
public sealed class LifeTests
{
    private const int Limit = 100_000;

    [Fact]
    public async Task Comments_keep_a_quiet_stream_awake_and_open()
    {
        await using var server = await GatewayServer.StartAsync("Heartbeat:Ping=00:00:00.1");
        await using var client = await SseClient.ConnectAsync(server.PublicPort, "channel=a");
        await client.ReceiveAsync("subscribed");
        var next = client.ReceiveAsync();
        // There is no second ping before the first is answered.
        await Eventually.TrueAsync(() => client.Parser.Comments >= 10, "comments come, and count as answered");

        await PublishAsync(server.PublicPort, "a", "1");

        Assert.Equal(1, (await next).Json.Number("content"));
    }

    [Fact]
    public async Task A_client_that_takes_nothing_any_more_is_closed()
    {
        await using var server = await GatewayServer.StartAsync(
            "Heartbeat:Ping=00:00:00.2", "Heartbeat:PongTimeout=00:00:00.2", "Limits:OutboundBytes=100000000");
        await using var stalled = await SseClient.OpenAsync(server.PublicPort, "channel=a", receiveBuffer: 4096);
        await stalled.ReceiveThroughAsync(each => each.Type == "subscribed");
        var connection = Assert.Single(server.Connections.All());

        await FillAsync(server, "a", () => connection.IsClosing);

        var received = await stalled.ReceiveThroughAsync(each => each.Type == "disconnect");
        Assert.Equal(4011, received[^1].Json.Number("code"));
    }

    [Fact]
    public async Task The_kernel_waits_for_a_client_without_a_network_as_long_as_for_a_pong_and_for_last_words_to_be_taken()
    {
        Socket? socket = null;
        var sees = new Middleware((context, next) =>
        {
            socket = context.Features.Get<IConnectionSocketFeature>()!.Socket;
            return next(context);
        });
        await using var server = await GatewayServer.StartAsync(
            ["Heartbeat:Ping=00:00:03", "Heartbeat:PongTimeout=00:00:02"], services => services.AddSingleton<IPortEndpoints>(sees));

        await using var client = await SseClient.ConnectAsync(server.PublicPort, "channel=a");

        byte[] milliseconds = new byte[4];
        socket!.GetRawSocketOption(6, 18, milliseconds);
        Assert.Equal(15_000, BitConverter.ToInt32(milliseconds));
    }

    [Fact]
    public async Task The_drain_is_an_event_with_the_time_to_come_back_and_then_the_end()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:log:History=10");
        await using var client = await SseClient.ConnectAsync(server.PublicPort, "channel=log:a");
        await client.ReceiveAsync("subscribed");
        await PublishAsync(server.PublicPort, "log:a", "1");
        // An answered publish may still be on its way: a stream that ends before it comes recovers it.
        await client.ReceiveAsync("message");

        var stopping = server.StopAsync();

        var message = (await client.ReceiveAsync("disconnect")).Json;
        Assert.Equal(1012, message.Number("code"));
        Assert.True(message.GetProperty("reconnect").GetBoolean());
        Assert.Equal(message.Number("retryAfter"), client.Parser.Retry!.Value);
        Assert.Null(await client.TryReceiveAsync());
        await stopping;
        Assert.Equal(0, server.Connections.Count);
    }

    [Fact]
    public async Task Meanwhile_new_streams_are_refused_and_messages_still_taken()
    {
        await using var server = await GatewayServer.StartAsync("Drain:Duration=01:00:00");
        // The first of two is closed at once, the second after half of the time, or when it leaves.
        await using var first = await SseClient.ConnectAsync(server.PublicPort, "channel=a");
        await using var second = await SseClient.ConnectAsync(server.PublicPort, "channel=a");
        await first.ReceiveAsync("subscribed");
        await second.ReceiveAsync("subscribed");
        var stopping = server.StopAsync();
        var (one, other) = (first.ReceiveAsync(), second.ReceiveAsync());
        var closed = await Task.WhenAny(one, other);
        Assert.Equal("disconnect", (await closed).Type);

        using var refused = await AskAsync(HttpMethod.Get, server.PublicPort, "/sse?channel=a");
        await PublishAsync(server.PublicPort, "a", "1");

        Assert.Equal((503, "1"), ((int)refused.StatusCode, refused.Headers.RetryAfter!.ToString()));
        Assert.Equal("message", (await (closed == one ? other : one)).Type);
        await first.DisposeAsync();
        await second.DisposeAsync();
        await stopping;
    }

    [Fact]
    public async Task A_slow_reader_gets_a_disconnect_message_and_is_closed_and_hurts_no_other()
    {
        await using var server = await GatewayServer.StartAsync($"Limits:OutboundBytes={Limit}", "Namespaces:log:History=100000");
        await using var stalled = await SseClient.OpenAsync(server.PublicPort, "channel=log:a", receiveBuffer: 4096);
        await stalled.ReceiveThroughAsync(each => each.Type == "subscribed");
        var connection = Assert.Single(server.Connections.All());
        await using var healthy = await SseClient.ConnectAsync(server.PublicPort, "channel=log:a");
        await healthy.ReceiveAsync("subscribed");

        int published = await FillAsync(server, "log:a", () => connection.IsClosing, () =>
        {
            Assert.InRange(connection.Writer.QueuedBytes, 0, Limit);
            return healthy.ReceiveAsync("message");
        });
        // Beside its queue, the transport held no more than a socket and a response do: the rest had to wait or be refused.
        Assert.InRange(published, 1, 1_000);
        var received = await stalled.ReceiveThroughAsync(each => each.Type == "disconnect");

        Assert.Equal(4008, received[^1].Json.Number("code"));
        Assert.Null(await stalled.TryReceiveAsync());
        Assert.Equal(
            Enumerable.Range(1, received.Count - 1).Select(seq => (long)seq), received[..^1].Select(each => each.Json.Number("seq")));
        await using var back = await SseClient.ConnectAsync(server.PublicPort, "channel=log:a", "Last-Event-ID: " + stalled.LastEventId);
        Assert.True((await back.ReceiveAsync("subscribed")).Json.GetProperty("recovered").GetBoolean());
        for (int seq = received.Count; seq <= published; seq++)
            Assert.Equal(seq, (await back.ReceiveAsync("message")).Json.Number("seq"));
    }

    [Theory]
    [InlineData("drop-oldest")]
    [InlineData("latest")]
    public async Task A_gap_ends_the_stream_so_that_coming_back_recovers_everything(string policy)
    {
        await using var server = await GatewayServer.StartAsync(
            $"Limits:OutboundBytes={Limit}", $"Namespaces:log:SlowConsumer={policy}", "Namespaces:log:History=100000");
        await using var stalled = await SseClient.OpenAsync(server.PublicPort, "channel=log:a", receiveBuffer: 4096);
        await stalled.ReceiveThroughAsync(each => each.Type == "subscribed");
        var connection = Assert.Single(server.Connections.All());

        int published = await FillAsync(server, "log:a", () => connection.IsClosing);
        var received = await stalled.ReceiveThroughAsync(each => each.Type == "disconnect");

        Assert.Equal("insufficient_state", received[^2].Json.Text("code"));
        Assert.True(received[^1].Json.GetProperty("reconnect").GetBoolean());
        Assert.Null(await stalled.TryReceiveAsync());
        await using var back = await SseClient.ConnectAsync(server.PublicPort, "channel=log:a", "Last-Event-ID: " + stalled.LastEventId);
        Assert.True((await back.ReceiveAsync("subscribed")).Json.GetProperty("recovered").GetBoolean());
        for (int seq = received.Count - 1; seq <= published; seq++)
            Assert.Equal(seq, (await back.ReceiveAsync("message")).Json.Number("seq"));
    }

    [Fact]
    public async Task Without_history_a_slow_reader_loses_the_oldest_and_keeps_its_stream()
    {
        await using var server = await GatewayServer.StartAsync(
            $"Limits:OutboundBytes={Limit}", "Namespaces:drop:SlowConsumer=drop-oldest");
        await using var stalled = await SseClient.OpenAsync(server.PublicPort, "channel=drop:a", receiveBuffer: 4096);
        await stalled.ReceiveThroughAsync(each => each.Type == "subscribed");
        var connection = Assert.Single(server.Connections.All());
        int full = await FillAsync(server, "drop:a", () => connection.Writer.QueuedBytes > Limit * 9 / 10);
        int published = full + 50;
        for (int i = full + 1; i <= published; i++)
            await PublishAsync(server.PublicPort, "drop:a", Content(i));

        var received = await stalled.ReceiveThroughAsync(each => each.Json.GetProperty("content").Number("n") == published);

        long[] numbers = [.. received.Select(each => each.Json.GetProperty("content").Number("n"))];
        Assert.Equal(numbers.Distinct().Order(), numbers);
        Assert.True(numbers.Length < published);
        Assert.False(connection.IsClosing);
    }

    [Fact]
    public async Task A_token_that_expires_ends_the_stream()
    {
        await using var gateway = await TokenServer.StartAsync("Namespaces:default:Subscribe=signed-in");
        await using var client = await SseClient.ConnectAsync(
            gateway.Server.PublicPort, "channel=a&token=" + TokenServer.Key.Token("ann", gateway.Now.AddSeconds(60)));
        await client.ReceiveAsync("subscribed");

        gateway.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("unauthorized", (await client.ReceiveAsync("error")).Json.Text("code"));
        gateway.Time.Advance(TimeSpan.FromSeconds(26));
        Assert.Equal(4010, (await client.ReceiveAsync("disconnect")).Json.Number("code"));
        Assert.Null(await client.TryReceiveAsync());
    }

    /// <summary>Publishes 2 KB each until a condition holds.</summary>
    /// <returns>How many.</returns>
    private static async Task<int> FillAsync(GatewayServer server, string channel, Func<bool> until, Func<Task>? each = null)
    {
        int published = 0;
        while (!until())
        {
            Assert.True(published < 10_000, "the gateway takes more than it may hold");
            await PublishAsync(server.PublicPort, channel, Content(++published));
            if (each is not null)
                await each();
        }
        return published;
    }

    private static string Content(int n) => $$"""{"n":{{n}},"p":"{{new string('x', 2_000)}}"}""";

    private sealed class Middleware(Func<HttpContext, RequestDelegate, Task> handle) : IPortEndpoints
    {
        public void Map(IEndpointRouteBuilder routes) => ((IApplicationBuilder)routes).Use(handle);
    }
}
