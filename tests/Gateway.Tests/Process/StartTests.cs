using System.Net;
using Gateway.TestSupport;

namespace Gateway.Tests.Process;

/// <summary>The start screen: the lines that an operator sees when a gateway starts, or does not.</summary>
public sealed class StartTests
{
    [Fact]
    public async Task The_start_screen_names_addresses_mode_backplane_limits_and_namespaces()
    {
        await using var gateway = await GatewayProcess.StartAsync(
            "Node=edge-1", "Limits:MessageBytes=2048", "Limits:OutboundBytes=4000", "Limits:ChannelsPerConnection=7",
            "Diagnostics:Echo=true", "Transport:Kind=auto", "Transport:Loops=3",
            "Namespaces:chat:History=50", "Namespaces:chat:Presence=true");
        var (clients, console) = ($"127.0.0.1:{gateway.PublicPort}", $"127.0.0.1:{gateway.InternalPort}");

        Assert.Contains("node edge-1\n", gateway.Output);
        Assert.Contains($"clients    ws://{clients}/ws   ws://{clients}/echo\n", gateway.Output);
        Assert.Contains($"demo       http://{clients}/demo   a chat to try it with\n", gateway.Output);
        Assert.Contains($"health     http://{clients}/health/ready\n", gateway.Output);
        Assert.Contains($"internal   http://{console}\n", gateway.Output);
        Assert.Contains("transport  3 event loops\n", gateway.Output);
        Assert.Contains("mode       development\n", gateway.Output);
        Assert.Contains(
            "WARNING    development mode: everybody on this machine is let in as anonymous and may do everything\n", gateway.Output);
        Assert.Contains("backplane  memory", gateway.Output);
        Assert.Contains("limits     message 2 KiB, outbound queue 4000 B and 7 channels per connection\n", gateway.Output);
        Assert.Contains(
            "namespaces default, chat (history 50 for 00:05:00) (presence), demo (history 50 for 01:00:00) (presence)\n", gateway.Output);
        Assert.Empty(gateway.Errors);
    }

    [Fact]
    public async Task The_screens_addresses_are_served_when_it_is_shown()
    {
        await using var gateway = await GatewayProcess.StartAsync();
        using var http = new HttpClient { Timeout = Eventually.Limit };

        Assert.Equal("""{"status":"ready"}""", await http.GetStringAsync(gateway.Http("/health/ready")));
        Assert.Equal("""{"status":"live"}""", await http.GetStringAsync(new Uri($"http://127.0.0.1:{gateway.InternalPort}/health/live")));
        await using var client = await JsonClient.ConnectAsync(gateway.WebSocketUri);
        Assert.StartsWith("anonymous-", client.User);
    }

    [Fact]
    public async Task The_port_of_another_instance_is_refused_in_one_line()
    {
        await using var first = await GatewayProcess.StartAsync();
        await using var second = GatewayProcess.Launch(new GatewayLaunch { Settings = [$"Public=http://127.0.0.1:{first.PublicPort}"] });

        Assert.Equal(1, await second.ExitAsync());
        Assert.Equal($"Failed to bind to address http://127.0.0.1:{first.PublicPort}: address already in use.\n", second.Errors);
        Assert.Empty(second.Output);
        await using var client = await JsonClient.ConnectAsync(first.WebSocketUri);
    }

    [Fact]
    public async Task An_address_that_this_machine_does_not_have_is_refused_in_one_line()
    {
        // 192.0.2.0/24 is kept for documentation, so no machine has the address.
        await using var gateway = GatewayProcess.Launch(
            new GatewayLaunch { Settings = [.. AnonymousAccess.Settings, "Internal=http://192.0.2.1:8081"] });

        Assert.Equal(1, await gateway.ExitAsync());
        Assert.Equal("Failed to listen on Gateway:Public or Gateway:Internal: Cannot assign requested address.\n", gateway.Errors);
        Assert.Empty(gateway.Output);
    }

    [Fact]
    public async Task A_killed_instance_leaves_its_port_to_the_next()
    {
        await using var first = await GatewayProcess.StartAsync();
        await using var client = await RawWebSocket.ConnectAsync(first.PublicPort);
        first.Kill();
        Assert.Equal(128 + 9, await first.ExitAsync());

        await using var second = await GatewayProcess.StartAsync($"Public=http://127.0.0.1:{first.PublicPort}");
        await using var next = await JsonClient.ConnectAsync(second.WebSocketUri);
        Assert.Equal(first.PublicPort, second.PublicPort);
    }

    [Fact]
    public async Task A_low_limit_of_open_files_is_warned_of()
    {
        await using var gateway = await GatewayProcess.StartAsync(new GatewayLaunch { OpenFiles = 1000 });
        await gateway.SaysAsync("WARNING    at most 1000 open files: raise the limit (ulimit -n) to hold more connections\n");
    }

    [Fact]
    public async Task Keys_that_mean_nothing_are_warned_of_and_change_nothing()
    {
        await using var gateway = await GatewayProcess.StartAsync(new GatewayLaunch
        {
            AppSettings = """
                {
                  "Gateway": { "Namspaces": { "chat": { "History": 5 } }, "Moonlight": true },
                  "Limits": { "MessageBytes": 10 }
                }
                """,
            Environment = new Dictionary<string, string>
            {
                ["Gateway__Limits__MesageBytes"] = "10",
                ["GATEWAY_LIMITS_MESSAGEBYTES"] = "10",
            },
        });
        const string Nothing = "is set but means nothing here";
        await gateway.SaysAsync($"WARNING    Gateway:Limits:MesageBytes {Nothing}; the nearest is Gateway:Limits:MessageBytes\n");
        await gateway.SaysAsync($"WARNING    Gateway:Namspaces:chat:History {Nothing}; the nearest is Gateway:Namespaces:chat:History\n");
        await gateway.SaysAsync($"WARNING    GATEWAY_LIMITS_MESSAGEBYTES {Nothing}; the nearest is Gateway:Limits:MessageBytes\n");
        await gateway.SaysAsync($"WARNING    Limits:MessageBytes {Nothing}; the nearest is Gateway:Limits:MessageBytes\n");
        await gateway.SaysAsync($"WARNING    Gateway:Moonlight {Nothing}\n");
        Assert.Contains("message 64 KiB", gateway.Output);
        Assert.Contains("namespaces default, demo", gateway.Output);
    }

    [Fact]
    public async Task Ordinary_requests_to_the_WebSocket_path_get_426()
    {
        await using var gateway = await GatewayProcess.StartAsync();
        using var http = new HttpClient { Timeout = Eventually.Limit };

        using var answer = await http.GetAsync(gateway.Http("/ws"));

        Assert.Equal(HttpStatusCode.UpgradeRequired, answer.StatusCode);
        Assert.Equal(
            """{"error":"bad_request","message":"this is a WebSocket endpoint: connect with an upgrade request"}""",
            await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task The_internal_port_takes_no_WebSockets()
    {
        await using var gateway = await GatewayProcess.StartAsync("Diagnostics:Echo=true");
        foreach (string path in new[] { "/ws", "/echo" })
        {
            await using var client = await RawWebSocket.ConnectTcpAsync(gateway.InternalPort);
            await client.SendTextAsync(RawWebSocket.UpgradeRequest(path));
            Assert.StartsWith("HTTP/1.1 404 ", await client.ReadHeadAsync());
        }
    }

    [Fact]
    public async Task An_upgrade_may_follow_ordinary_requests_on_one_connection()
    {
        await using var gateway = await GatewayProcess.StartAsync();
        await using var client = await RawWebSocket.ConnectTcpAsync(gateway.PublicPort);
        await client.SendTextAsync("GET /nowhere HTTP/1.1\r\nHost: gateway\r\n\r\n" + RawWebSocket.UpgradeRequest("/ws"));

        Assert.StartsWith("HTTP/1.1 404 ", await client.ReadHeadAsync());
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync());
        Assert.Contains("\"connected\"", (await client.ReadFrameAsync())!.Text);
    }
}
