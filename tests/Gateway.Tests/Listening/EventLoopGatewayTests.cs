using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Gateway.Server.Admission;
using Gateway.Server.Health;
using Gateway.Server.Listening;
using Gateway.Server.Listening.EventLoop;
using Gateway.Tests.Listening.EventLoop;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Listening;

/// <summary>
/// A gateway whose public port event loops serve. What clients see is the business of the other tests, which run on both transports.
/// </summary>
public sealed class EventLoopGatewayTests
{
    [Fact]
    public async Task WebSockets_stay_on_the_loops_and_everything_else_is_the_HTTP_servers()
    {
        await using var server = await StartAsync();
        await using var socket = await RawWebSocket.ConnectAsync(server.PublicPort);
        await using var http = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await http.SendTextAsync("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal(200, (await http.ReadReplyAsync()).Status);

        Assert.Equal(1, Loops(server).Sum(loop => loop.Connections));
        Assert.Equal(2, server.Services.GetRequiredService<OpenSockets>().Count);
    }

    [Fact]
    public async Task Frames_that_come_with_the_request_are_handled_after_it()
    {
        await using var server = await StartAsync();
        await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        byte[] request = Encoding.ASCII.GetBytes(RawWebSocket.UpgradeRequest("/echo"));
        await client.SendAsync((byte[])[.. request, .. RawWebSocket.TextFrame("at once")]);

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal("at once", (await client.ReadFrameAsync())!.Text);
    }

    [Fact]
    public async Task A_refusal_reaches_a_client_that_has_sent_more_than_its_request()
    {
        await using var server = await StartAsync("Limits:Connections=1");
        await using var only = await RawWebSocket.ConnectAsync(server.PublicPort);
        await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await client.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(RawWebSocket.UpgradeRequest("/ws")), .. new byte[30_000]]);

        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => Loops(server).Sum(loop => loop.Connections) == 1, "it is closed");
    }

    [Fact]
    public async Task Nothing_is_left_of_connections_that_ended_in_whatever_manner()
    {
        await using var server = await StartAsync();
        var closing = await RawWebSocket.ConnectAsync(server.PublicPort);
        var resetting = await RawWebSocket.ConnectAsync(server.PublicPort);
        var leaving = await RawWebSocket.ConnectAsync(server.PublicPort);
        var silent = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        var deadlines = server.Services.GetRequiredService<HandshakeDeadlines>();
        await Eventually.TrueAsync(() => deadlines.Count == 1, "one has not said what it wants");
        await closing.SendAsync(RawWebSocket.CloseFrame(1000));
        await closing.ReadUntilCloseAsync();
        resetting.Reset();
        await leaving.DisposeAsync();
        await silent.DisposeAsync();

        await Eventually.TrueAsync(() => Loops(server).Sum(loop => loop.Connections + loop.Running) == 0, "the loops have no connection");
        await Eventually.TrueAsync(() => server.Services.GetRequiredService<OpenSockets>().Count == 0, "no socket is counted");
        Assert.Equal(0, deadlines.Count);
        await closing.DisposeAsync();
        await resetting.DisposeAsync();
    }

    [Fact]
    public async Task A_client_for_whom_the_process_has_no_file_is_closed_and_everybody_else_goes_on()
    {
        await using var gateway = await GatewayProcess.StartAsync("Transport:Kind=epoll", "Diagnostics:Echo=true");
        await using var first = await RawWebSocket.ConnectAsync(gateway.PublicPort, "/echo");
        await EchoesAsync(first);
        int highest = Directory.EnumerateFileSystemEntries($"/proc/{gateway.Id}/fd")
            .Max(file => int.Parse(Path.GetFileName(file), CultureInfo.InvariantCulture));
        // Those that are let in take the numbers that were free among the others.
        var others = new List<RawWebSocket>();
        string head;
        await LimitFilesAsync(gateway, highest + 1);
        do
        {
            others.Add(await RawWebSocket.ConnectTcpAsync(gateway.PublicPort));
            head = await HeadAsync(others[^1]);
        }
        while (head.Length > 0);
        // At once: the runtime ends the process when it finds no file for an assembly.
        await LimitFilesAsync(gateway, highest + 1000);

        await EchoesAsync(first);
        await using var next = await RawWebSocket.ConnectTcpAsync(gateway.PublicPort);
        Assert.StartsWith("HTTP/1.1 101 ", await HeadAsync(next), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => gateway.Output.Contains("OpenFiles", StringComparison.Ordinal), "the log says why");
        Assert.Empty(gateway.Errors);
        foreach (var other in others)
            await other.DisposeAsync();

        static async Task EchoesAsync(RawWebSocket client)
        {
            await client.SendMessageAsync("still here");
            Assert.Equal("still here", (await client.ReadFrameAsync())!.Text);
        }

        static async Task<string> HeadAsync(RawWebSocket client)
        {
            try
            {
                await client.SendTextAsync(RawWebSocket.UpgradeRequest("/echo"));
                return await client.ReadHeadAsync();
            }
            catch (IOException)
            {
                return "";
            }
        }
    }

    [Fact]
    public async Task A_node_that_stops_ends_its_connections_and_its_loops()
    {
        await using var server = await StartAsync();
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort);
        await using var silent = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await Eventually.TrueAsync(() => server.Services.GetRequiredService<OpenSockets>().Count == 2, "both are accepted");
        var loops = Loops(server).ToList();

        await server.StopAsync().WaitAsync(Eventually.Limit);

        Assert.All(loops, loop => Assert.True(loop.Ended.IsCompletedSuccessfully));
        Assert.All(loops, loop => Assert.Equal((0, 0, false), (loop.Connections, loop.Running, loop.HasFailed)));
        Assert.Equal(0, server.Services.GetRequiredService<OpenSockets>().Count);
    }

    [Theory]
    [InlineData("Transport:Kind=sockets")]
    [InlineData("Transport:Kind=auto", "Proxy:Protocol=true")]
    public async Task With_sockets_or_the_PROXY_protocol_no_event_loop_runs(params string[] settings)
    {
        await using var server = await GatewayServer.StartAsync([.. AnonymousAccess.Settings, .. settings]);
        Assert.Empty(Loops(server));
    }

    [Fact]
    public async Task With_TLS_no_event_loop_runs()
    {
        using var certificate = new TestCertificate();
        await using var server = await GatewayServer.StartAsync(["Transport:Kind=auto", .. certificate.Pem]);
        Assert.Empty(Loops(server));
    }

    [Fact]
    public async Task Without_a_word_about_it_event_loops_serve()
    {
        await using var server = await GatewayServer.StartAsync(["Transport:Kind=", "Transport:Loops=3"]);
        Assert.Equal(3, Loops(server).Count);
    }

    [Theory]
    [InlineData("http://127.0.0.1:0", "127.0.0.1")]
    [InlineData("http://[::1]:0", "::1")]
    [InlineData("http://*:0", "127.0.0.1")]
    [InlineData("http://*:0", "::1")]
    [InlineData("http://0.0.0.0:0", "127.0.0.1")]
    public async Task Clients_come_in_by_every_address_that_is_listened_to(string address, string client)
    {
        await using var server = await StartAsync([.. AnonymousAccess.Settings, $"Public={address}"]);
        var uri = new Uri($"ws://{new IPEndPoint(IPAddress.Parse(client), server.PublicPort)}/echo");
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(uri, CancellationToken.None);
        Assert.Equal(1, Loops(server).Sum(loop => loop.Connections));
        using var http = new HttpClient();
        Assert.Contains("live", await http.GetStringAsync(new Uri($"http://{uri.Authority}/health/live")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_with_a_loop_that_is_stuck_is_not_ready()
    {
        var time = new ManualTime();
        await using var server = await GatewayServer.StartAsync(
            ["Transport:Kind=epoll", "Transport:Loops=2"], services => services.AddSingleton<TimeProvider>(time));
        var readiness = server.Services.GetRequiredService<Readiness>();
        Assert.Null(readiness.Problem);
        using var stop = new LoopStop();
        Loops(server)[1].Post(stop);
        Assert.True(stop.Reached.Wait(Eventually.Limit));

        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return readiness.Problem is not null;
            },
            "the node is not ready");
        Assert.Equal("event loop 1 is stuck at a test's work", readiness.Problem);
    }

    /// <summary>How many files a process may have open from now on; those that are open stay.</summary>
    private static async Task LimitFilesAsync(GatewayProcess gateway, int files)
    {
        using var prlimit = System.Diagnostics.Process.Start("prlimit", ["--pid", $"{gateway.Id}", $"--nofile={files}:"]);
        await prlimit.WaitForExitAsync().WaitAsync(Eventually.Limit);
        Assert.Equal(0, prlimit.ExitCode);
    }

    private static IReadOnlyList<Loop> Loops(GatewayServer server) => server.Services.GetRequiredService<EventLoops>().All;

    private static Task<GatewayServer> StartAsync(params string[] settings) =>
        GatewayServer.StartAsync(["Transport:Kind=epoll", "Transport:Loops=2", "Diagnostics:Echo=true", .. settings]);
}
