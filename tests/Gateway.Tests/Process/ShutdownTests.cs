using System.Net;
using System.Net.WebSockets;
using Gateway.TestSupport;

namespace Gateway.Tests.Process;

/// <summary>The shutdown of a gateway: its drain, its clients' disconnect messages and its exit code.</summary>
public sealed class ShutdownTests
{
    private const int Restarting = 1012;

    [Theory]
    [InlineData("SIGTERM")]
    [InlineData("SIGINT")]
    public async Task A_signal_closes_the_clients_with_a_word_of_when_to_come_back(string signal)
    {
        await using var gateway = await GatewayProcess.StartAsync("Drain:Duration=00:00:00");
        await using var client = await JsonClient.ConnectAsync(gateway.WebSocketUri);

        Stop(gateway, signal);

        var disconnect = await client.ReceiveAsync("disconnect");
        Assert.Equal(Restarting, disconnect.GetProperty("code").GetInt32());
        Assert.Equal("restarting", disconnect.GetProperty("reason").GetString());
        Assert.True(disconnect.GetProperty("reconnect").GetBoolean());
        Assert.InRange(disconnect.GetProperty("retryAfter").GetInt64(), 0, 5000);
        Assert.Null(await client.ReceiveTextAsync());
        Assert.Equal(Restarting, (int)client.Socket.CloseStatus!);
        Assert.Equal("restarting", client.Socket.CloseStatusDescription);
        Assert.Equal(0, await gateway.ExitAsync());
        Assert.Empty(gateway.Errors);
    }

    [Theory]
    [InlineData("SIGTERM")]
    [InlineData("SIGINT")]
    public async Task With_nobody_connected_it_does_not_wait(string signal)
    {
        await using var gateway = await GatewayProcess.StartAsync("Drain:Duration=01:00:00");

        Stop(gateway, signal);

        Assert.Equal(0, await gateway.ExitAsync());
    }

    [Fact]
    public async Task With_the_last_client_gone_it_does_not_wait_any_longer()
    {
        await using var gateway = await GatewayProcess.StartAsync("Drain:Duration=01:00:00");
        await using var client = await JsonClient.ConnectAsync(gateway.WebSocketUri);

        gateway.Terminate();

        await client.ReceiveAsync("disconnect");
        Assert.Equal(0, await gateway.ExitAsync());
    }

    [Fact]
    public async Task While_it_drains_it_serves_those_who_are_left_and_lets_nobody_in()
    {
        await using var gateway = await GatewayProcess.StartAsync("Drain:Duration=01:00:00");
        var clients = new[] { await JsonClient.ConnectAsync(gateway.WebSocketUri), await JsonClient.ConnectAsync(gateway.WebSocketUri) };
        gateway.Terminate();

        // The first of two is closed at once, the second after half of the time.
        var messages = clients.Select(client => client.ReceiveAsync()).ToArray();
        var first = await Task.WhenAny(messages);
        Assert.Equal("disconnect", (await first).GetProperty("type").GetString());
        int left = Array.FindIndex(messages, message => message != first);

        using var http = new HttpClient { Timeout = Eventually.Limit };
        using var ready = await http.GetAsync(gateway.Http("/health/ready"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal("""{"status":"not ready","reason":"draining"}""", await ready.Content.ReadAsStringAsync());
        using var live = await http.GetAsync(gateway.Http("/health/live"));
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);

        await using var late = await RawWebSocket.ConnectTcpAsync(gateway.PublicPort);
        await late.SendTextAsync(RawWebSocket.UpgradeRequest("/ws"));
        string refusal = await late.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 503 ", refusal);
        Assert.Contains("Retry-After: 1\r\n", refusal);

        await clients[left].SendAsync("""{"type":"ping","id":1}""");
        Assert.Equal("pong", (await messages[left]).GetProperty("type").GetString());
        foreach (var client in clients)
            await client.DisposeAsync();
        Assert.Equal(0, await gateway.ExitAsync());
    }

    [Fact]
    public async Task Each_of_two_hundred_clients_gets_a_disconnect_message()
    {
        await using var gateway = await GatewayProcess.StartAsync("Drain:Duration=00:00:01");
        var clients = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => JsonClient.ConnectAsync(gateway.WebSocketUri)));

        gateway.Terminate();

        await Task.WhenAll(clients.Select(async client =>
        {
            await client.ReceiveAsync("disconnect");
            Assert.Null(await client.ReceiveTextAsync());
            await client.Socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }));
        Assert.Equal(0, await gateway.ExitAsync());
        Assert.All(clients, client => Assert.Equal(Restarting, (int)client.Socket.CloseStatus!));
        Assert.Contains("Draining 200 connections over 00:00:01.", gateway.Output);
        Assert.Contains("Drained; 0 connections are left.", gateway.Output);
        foreach (var client in clients)
            await client.DisposeAsync();
    }

    [Fact]
    public async Task A_client_that_does_not_answer_does_not_keep_it()
    {
        await using var gateway = await GatewayProcess.StartAsync("Drain:Duration=00:00:00");
        await using var silent = await RawWebSocket.ConnectAsync(gateway.PublicPort);

        gateway.Terminate();

        Assert.Equal(0, await gateway.ExitAsync());
        Assert.Equal(Restarting, (await silent.ReadUntilCloseAsync())!.CloseCode);
    }

    private static void Stop(GatewayProcess gateway, string signal)
    {
        if (signal == "SIGINT")
            gateway.Interrupt();
        else
            gateway.Terminate();
    }
}
