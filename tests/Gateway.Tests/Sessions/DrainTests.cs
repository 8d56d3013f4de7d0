using System.Net;
using System.Text.Json;
using Gateway.Server.Health;
using Gateway.Server.Hosting;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Sessions;

public sealed class DrainTests
{
    private static readonly string[] WithTime = ["Drain:Duration=00:00:03", "Namespaces:log:History=100"];

    [Fact]
    public async Task Every_client_is_told_to_come_back_later_and_closed_with_1012()
    {
        await using var server = await GatewayServer.StartAsync(WithTime);
        var clients = new List<JsonClient>();
        for (int i = 0; i < 50; i++)
            clients.Add(await JsonClient.ConnectAsync(server));

        var stopping = server.StopAsync();

        var waits = new HashSet<long>();
        foreach (var client in clients)
        {
            var message = await client.ReceiveAsync("disconnect");
            Assert.Equal(1012, message.Number("code"));
            Assert.True(message.GetProperty("reconnect").GetBoolean());
            Assert.NotEmpty(message.Text("reason"));
            waits.Add(message.Number("retryAfter"));
            Assert.Null(await client.ReceiveTextAsync());
            Assert.Equal(1012, (int)client.Socket.CloseStatus!);
            await client.DisposeAsync();
        }
        await stopping;
        // The delays are drawn from thousands of milliseconds: all fifty equal would mean that they are not spread.
        Assert.True(waits.Count > 1);
        Assert.Equal(0, server.Connections.Count);
        Assert.Equal(0, server.Channels.Count);
    }

    [Fact]
    public async Task Earlier_messages_come_before_the_disconnect_message()
    {
        await using var server = await GatewayServer.StartAsync("Drain:Duration=00:00:00", "Limits:OutboundBytes=10000000");
        await using var stalled = await Stalled.StartAsync(server, "a");
        await using var publisher = await JsonClient.ConnectAsync(server);
        await using var healthy = await JsonClient.ConnectAsync(server);
        await healthy.SubscribeAsync("a");
        await stalled.EndureAsync(publisher, healthy, ["a"], messages: 600, bytes: 10_000, limit: 10_000_000);
        // The stalled client subscribed first, so its queue has all that the healthy client has received.
        await publisher.DisposeAsync();
        await Eventually.TrueAsync(() => stalled.Connection.Writer.IsBlocked, "messages wait");

        var stopping = server.StopAsync();
        await Eventually.TrueAsync(() => stalled.Connection.IsClosing, "the drain has come to it");
        var received = await stalled.ReadThroughAsync(message => message.Text("type") == "disconnect");

        Assert.Equal(
            Enumerable.Range(0, 600).Select(n => (long)n), received[..^1].Select(message => message.GetProperty("content").Number("n")));
        Assert.Equal(1012, (await stalled.Socket.ReadUntilCloseAsync())!.CloseCode);
        await stalled.DisposeAsync();
        await healthy.DisposeAsync();
        await stopping;
    }

    [Fact]
    public async Task Meanwhile_readiness_is_red_and_new_clients_are_refused_with_503()
    {
        await using var server = await GatewayServer.StartAsync(WithTime);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.PublicPort}") };
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(http, "/health/ready")).Status);
        // As long as this client doesn't answer its close frame, the drain waits for it.
        await using var lingering = await RawWebSocket.ConnectAsync(server.PublicPort);
        await using var late = await RawWebSocket.ConnectTcpAsync(server.PublicPort);

        var stopping = server.StopAsync();
        await Eventually.TrueAsync(() => server.Services.GetRequiredService<Readiness>().IsDraining, "the drain has begun");
        var (status, body) = await GetAsync(http, "/health/ready");
        await late.SendTextAsync(RawWebSocket.UpgradeRequest("/ws"));
        string refusal = await late.ReadHeadAsync();

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "draining"), (status, body.Text("reason")));
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(http, "/health/live")).Status);
        Assert.StartsWith("HTTP/1.1 503 ", refusal, StringComparison.Ordinal);
        Assert.Contains("\r\nRetry-After: ", refusal, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(1012, (await lingering.ReadUntilCloseAsync())!.CloseCode);
        await lingering.DisposeAsync();
        await stopping;
    }

    [Fact]
    public async Task Clients_not_yet_told_go_on_as_before()
    {
        await using var server = await GatewayServer.StartAsync(WithTime);
        var clients = new List<JsonClient>();
        for (int i = 0; i < 20; i++)
            clients.Add(await JsonClient.ConnectAsync(server));
        foreach (var client in clients)
            await client.SubscribeAsync("log:a");

        var stopping = server.StopAsync();
        // The remaining clients are answered until the message, which is the last to each.
        foreach (var client in clients)
        {
            await client.SendAsync("""{"type":"ping"}""");
            var last = await client.ReceiveUntilAsync(message => message.Text("type") is "disconnect" or "pong");
            if (last.Text("type") == "pong")
                await client.ReceiveAsync("disconnect");
            Assert.Null(await client.ReceiveTextAsync());
            await client.DisposeAsync();
        }
        await stopping;
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> GetAsync(HttpClient http, string path)
    {
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative));
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }
}
