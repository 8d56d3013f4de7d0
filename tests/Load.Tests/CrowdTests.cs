using System.Diagnostics;
using Gateway.Load.Crowds;
using Gateway.Load.Dialects;
using Gateway.TestSupport;

namespace Gateway.Load.Tests;

public sealed class CrowdTests
{
    [Fact]
    public async Task Everybody_gets_what_is_for_all_and_single_ones_what_is_for_them()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:log:History=100");
        await using var crowd = await StartedCrowd.StartAsync(server.WebSocketUri, Options with { Singles = 7 });

        Assert.Null(await crowd.Members.ConnectAsync());
        var toAll = await crowd.Members.PublishAsync();
        var toSingles = await crowd.Members.PublishToSinglesAsync(14);

        Assert.Equal((50, 0, 0), crowd.Members.Count());
        Assert.Equal(50, toAll.Count);
        Assert.Equal(14, toSingles.Count);
        Assert.Empty(crowd.Findings.First);
    }

    [Fact]
    public async Task Members_of_a_node_that_ends_come_back_and_get_what_they_missed()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:log:History=100");
        await using var proxy = TcpProxy.Start(server.PublicPort);
        // Every second member is at the node behind the proxy, which the publisher is not.
        await using var crowd = await StartedCrowd.StartAsync([server.WebSocketUri, Behind(proxy)], Options with { Singles = 10 });
        await crowd.Members.ConnectAsync();
        crowd.Members.Plan.Excuse(1);

        proxy.Refuse();
        proxy.Cut();
        await Eventually.TrueAsync(() => crowd.Members.Count().Away == 25, "half of them are away");
        await crowd.Members.PublishAsync();
        await crowd.Members.PublishToSinglesAsync(10);
        proxy.Resume();
        await crowd.Members.ReturnAsync();

        Assert.Equal((50, 0, 0), crowd.Members.Count());
        Assert.Equal(25, crowd.Findings.Ended);
        Assert.Empty(crowd.Findings.First);
    }

    [Fact]
    public async Task A_member_that_is_cut_off_unasked_is_a_problem()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:log:History=100");
        await using var proxy = TcpProxy.Start(server.PublicPort);
        await using var crowd = await StartedCrowd.StartAsync([server.WebSocketUri, Behind(proxy)], Options with { Connections = 2 });
        await crowd.Members.ConnectAsync();

        proxy.Cut();
        await Eventually.TrueAsync(() => crowd.Findings.Problems > 0, "it is found");

        Assert.Contains("client 1 of node 1 was cut off", Assert.Single(crowd.Findings.First), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_forgets_the_positions_is_found_out()
    {
        await using var first = await GatewayServer.StartAsync("Namespaces:log:History=100");
        await using var second = await GatewayServer.StartAsync("Namespaces:log:History=100");
        await using var proxy = TcpProxy.Start(first.PublicPort);
        await using var crowd = await StartedCrowd.StartAsync([first.WebSocketUri, Behind(proxy)], Options with { Connections = 2 });
        await crowd.Members.ConnectAsync();
        await crowd.Members.PublishAsync();
        crowd.Members.Plan.Excuse(1);

        // Another gateway that stands alone, and so has another history.
        proxy.Redirect(second.PublicPort);
        await Eventually.TrueAsync(() => crowd.Findings.Problems > 0, "it is found");

        Assert.Contains("was not recovered from 1", crowd.Findings.First.First(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Lie.Repeat, "got message 9 of log:")]
    [InlineData(Lie.Change, "message 9 of log:")]
    [InlineData(Lie.Lose, "nothing has moved for 2 s: 50 clients are subscribed, 1 of them lack a message")]
    public async Task A_server_that_lies_is_found_out(Lie lie, string said)
    {
        await using var server = new LyingServer(lie);

        var (exitCode, answers) = await RunAsync(server.Url, Options with { Dialect = JsonDialect.Plain }, "connect", "publish 12");

        Assert.Equal(1, exitCode);
        Assert.Contains(
            answers,
            answer => answer.StartsWith("problem ", StringComparison.Ordinal) && answer.Contains(said, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_memory_ends_the_crowd_grows_no_more()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:log:History=100");
        await using var crowd = await StartedCrowd.StartAsync(server.WebSocketUri, Options with { MemoryReserve = long.MaxValue / 2 });

        string? stopped = await crowd.Members.ConnectAsync();

        Assert.Matches("^only [0-9]+ MiB of memory are left$", stopped);
        Assert.Equal((0, 0, 0), crowd.Members.Count());
    }

    [Fact]
    public async Task A_script_s_lines_are_answered_with_values()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:log:History=100");

        var (exitCode, answers) = await RunAsync(
            server.WebSocketUri, Options with { Singles = 5 }, "connect", "publish 3", "single 10", "restart 0", "return");

        Assert.Equal(0, exitCode);
        Assert.Collection(
            answers,
            connect => Assert.Matches("^connected=50 seconds=[0-9.]+ rate=[0-9]+ refused=0 why= stopped=$", connect),
            publish => Assert.Matches("^received=150 all=[0-9.]+ slowest=[0-9.]+ p50=[0-9.]+$", publish),
            single => Assert.Matches("^received=10 p50=[0-9.]+ p99=[0-9.]+ max=[0-9.]+$", single),
            restart => Assert.Equal("node=0", restart),
            back => Assert.Matches("^back=0 seconds=[0-9.]+ recovered=0$", back),
            check => Assert.Equal("present=50 published=3 ended=0 interrupted=0 problems=0", check));
    }

    [Fact]
    public async Task More_clients_than_a_process_may_have_files_are_held_by_threads_with_files_of_their_own()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:log:History=100");
        // A process of its own: such a thread has copies of all files of its process, and would keep sockets of other tests open.
        string program = Path.Combine(AppContext.BaseDirectory, "Gateway.Load.dll");
        using var process = Process.Start(
            new ProcessStartInfo(
                "bash", ["-c", $"ulimit -n 500; exec dotnet '{program}' crowd --connections 900 --singles 9 --url {server.WebSocketUri}"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
        await process.StandardInput.WriteAsync("connect\npublish 3\nsingle 9\n\n");
        await process.StandardInput.FlushAsync();
        string answers = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.Contains("connected=900 ", answers, StringComparison.Ordinal);
        Assert.Contains("present=900 published=3 ended=0 interrupted=0 problems=0", answers, StringComparison.Ordinal);
        Assert.Equal(0, process.ExitCode);
    }

    private static LoadOptions Options { get; } = new()
    {
        Url = new Uri("ws://127.0.0.1/"),
        Namespace = "log",
        Connections = 50,
        Singles = 0,
        Threads = 2,
        Timeout = TimeSpan.FromSeconds(2),
        MemoryReserve = 0,
    };

    private static Uri Behind(TcpProxy proxy) => new($"ws://{proxy.Address}/ws");

    private static async Task<(int ExitCode, string[] Answers)> RunAsync(Uri node, LoadOptions options, params string[] lines)
    {
        using var output = new StringWriter();
        using var input = new StringReader(string.Join('\n', lines));
        int exitCode = await CrowdSession.RunAsync(options, [node], input, output);
        return (exitCode, output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private sealed class StartedCrowd(LoadRun run, Crowd members) : IAsyncDisposable
    {
        public Crowd Members => members;

        public Findings Findings => members.Plan.Findings;

        public static Task<StartedCrowd> StartAsync(Uri node, LoadOptions options) => StartAsync([node], options);

        public static async Task<StartedCrowd> StartAsync(Uri[] nodes, LoadOptions options)
        {
            // Time enough for a machine that is busy with other tests; only where something is to be lost it is short.
            options = options with { Timeout = TimeSpan.FromSeconds(30) };
            var run = new LoadRun(options with { Threads = 1 });
            return new StartedCrowd(run, await Crowd.CreateAsync(run, options, nodes));
        }

        public async ValueTask DisposeAsync()
        {
            members.Dispose();
            await run.DisposeAsync();
        }
    }
}
