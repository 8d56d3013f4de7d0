using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Server.Application.Hooks;
using Gateway.Server.Clock;
using Gateway.TestSupport;
using Gateway.Tests.Auth;
using Gateway.Tests.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Hooks;

/// <summary>A backend that fails, hangs and lies.</summary>
public sealed class FailingBackendTests
{
    private static readonly Dictionary<string, Func<HttpContext, Backend, Task>> Failures = new()
    {
        ["is broken"] = (context, _) => StatusAsync(context, 500),
        ["says no by a status"] = (context, _) => StatusAsync(context, 403),
        ["has nothing to say"] = (context, _) => StatusAsync(context, 204),
        ["sends us elsewhere"] = (context, backend) =>
        {
            context.Response.Headers.Location = backend.Url + "/elsewhere";
            return StatusAsync(context, 307);
        },
        ["answers with a page"] = (context, _) =>
        {
            context.Response.ContentType = "text/html";
            return context.Response.WriteAsync("""{"allow":true}""");
        },
        ["answers without a type"] = (context, _) => context.Response.Body.WriteAsync("""{"allow":true}"""u8.ToArray()).AsTask(),
        ["answers no JSON"] = (context, _) => Backend.AnswerAsync(context, "true, I think"),
        ["says neither yes nor no"] = (context, _) => Backend.AnswerAsync(context, "{}"),
        ["means it otherwise"] = (context, _) => Backend.AnswerAsync(context, """{"allow":"yes"}"""),
        ["says too much"] = (context, _) => Backend.AnswerAsync(context, $$"""{"allow":true,"more":"{{new string('x', 200_000)}}"}"""),
        ["never ends"] = async (context, backend) =>
        {
            context.Response.ContentType = "application/json";
            while (!context.RequestAborted.IsCancellationRequested && !backend.Over.IsCompleted)
            {
                await context.Response.WriteAsync(" ");
                await context.Response.Body.FlushAsync();
                await Task.Delay(10);
            }
        },
        ["hangs"] = (context, backend) => Task.WhenAny(backend.Over, Task.Delay(Timeout.Infinite, context.RequestAborted)),
        ["leaves in the middle"] = async (context, _) =>
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = 100;
            await context.Response.WriteAsync("""{"allow":true}""");
            await context.Response.Body.FlushAsync();
            context.Abort();
        },
    };

    public static TheoryData<string, bool> Cases()
    {
        var cases = new TheoryData<string, bool>();
        foreach (string name in Failures.Keys)
        {
            cases.Add(name, false);
            cases.Add(name, true);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Without_an_answer_a_publish_is_refused_or_where_so_configured_allowed(string failure, bool open)
    {
        await using var backend = await Backend.StartAsync();
        string timeout = failure is "hangs" or "never ends" ? "00:00:00.3" : "00:00:20";
        await using var server = await GatewayServer.StartAsync(
            backend.Settings("publish", $"Hooks:FailOpen={open}", "Hooks:Timeout=" + timeout));
        backend.OnCall = (context, _) => Failures[failure](context, backend);
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");

        await client.PublishAsync("a", "1", ""","id":1,"echo":false""");
        var answer = await client.ReceiveAsync();

        Assert.Equal(open ? "ack" : "error", answer.Text("type"));
        if (!open)
            Assert.Equal(
                ("unavailable", "the application does not answer; nothing was done"), (answer.Text("code"), answer.Text("message")));
        Assert.InRange(backend.Calls.Count, 0, 1);
        Assert.Equal(
            1, (await PrometheusTests.ScrapeAsync(server)).Value("gateway_hooks_calls_total", "hook=\"publish\",result=\"failed\""));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bytes_that_are_not_HTTP_are_no_answer_either(bool listens)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string url = $"http://{listener.LocalEndpoint}/hooks";
        if (!listens)
            listener.Stop();
        await using var server = await GatewayServer.StartAsync(Backend.SettingsFor(url, "connect", "Hooks:Timeout=00:00:10"));

        var asking = TokenServer.AskAsync(server, "/ws");
        if (listens)
        {
            using var socket = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
            await socket.SendAsync(Encoding.ASCII.GetBytes("220 smtp.example.com ESMTP\r\n"));
            var reply = await asking;
            Assert.Equal((503, "1"), (reply.Status, reply["Retry-After"]));
        }
        Assert.Equal((503, "unavailable"), ((await asking).Status, (await asking).Json("error")));
    }

    [Fact]
    public async Task A_backend_that_hangs_is_soon_not_called_any_more()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("publish", "Hooks:Timeout=00:00:00.2"));
        backend.OnCall = (_, _) => backend.Over;
        await using var client = await JsonClient.ConnectAsync(server);

        for (int i = 0; i < CircuitBreaker.Failures + 20; i++)
            Assert.Equal("error", await PublishAsync(client));

        Assert.InRange(backend.Calls.Count, 0, CircuitBreaker.Failures + 1);
        var scrape = await PrometheusTests.ScrapeAsync(server);
        Assert.True(scrape.Value("gateway_hooks_calls_total", "hook=\"publish\",result=\"skipped\"") >= 15);
        Assert.Equal(1, scrape.Value("gateway_hooks_open", "hook=\"publish\""));
    }

    [Fact]
    public async Task A_broken_backend_is_called_now_and_then_until_it_answers_again()
    {
        var time = new ManualTime();
        using var log = new RecordedLog();
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(
            backend.Settings("subscribe,publish", "Hooks:Timeout=00:00:30"),
            services => services.AddSingleton<TimeProvider>(time).AddSingleton<ILoggerProvider>(log));
        bool isBroken = true;
        backend.OnCall = (context, request) => isBroken && request.Json.Text("type") == "publish"
            ? StatusAsync(context, 503)
            : Backend.AnswerAsync(context, """{"allow":true}""");
        await using (var client = await JsonClient.ConnectAsync(server))
        {
            for (int i = 0; i < CircuitBreaker.Failures + 20; i++)
                Assert.Equal("error", await PublishAsync(client));
            Assert.Equal(CircuitBreaker.Failures, backend.Calls.Count);
            // The breaker of one hook leaves the requests of the other hooks alone.
            await client.SubscribeAsync("b");

            time.Advance(CircuitBreaker.Pause);
            Assert.Equal(["error", "error"], [await PublishAsync(client), await PublishAsync(client)]);
            Assert.Equal(CircuitBreaker.Failures + 2, backend.Calls.Count);

            isBroken = false;
            time.Advance(CircuitBreaker.Pause);
            Assert.Equal(["ack", "ack"], [await PublishAsync(client), await PublishAsync(client)]);
            Assert.Equal(0, (await PrometheusTests.ScrapeAsync(server)).Value("gateway_hooks_open", "hook=\"publish\""));
        }
        Assert.Contains("publish failed 5 times in a row", Assert.Single(log.Of(61)), StringComparison.Ordinal);
        Assert.Single(log.Of(62));
        await Eventually.TrueAsync(() => server.Connections.IsEmpty, "nobody is connected");
    }

    [Fact]
    public async Task A_connection_that_waits_for_the_backend_is_not_taken_for_dead()
    {
        var time = new ManualTime();
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(
            backend.Settings("publish", "Hooks:Timeout=00:01:00"), services => services.AddSingleton<TimeProvider>(time));
        var clock = server.Services.GetRequiredService<GatewayClock>();
        await Eventually.TrueAsync(() => time.Timers(dueWithin: clock.Period) > 0, "the clock of the gateway runs");
        var answer = new TaskCompletionSource();
        backend.OnCall = async (context, _) =>
        {
            await Task.WhenAny(answer.Task, backend.Over);
            await Backend.AnswerAsync(context, """{"allow":true}""");
        };
        await using (var client = await JsonClient.ConnectAsync(server))
        {
            await client.PublishAsync("a", "1", ""","id":1""");
            await Eventually.TrueAsync(() => backend.Calls.Count == 1, "the backend is called");
            for (int seconds = 30; seconds <= 120; seconds += 30)
            {
                time.Advance(TimeSpan.FromSeconds(30));
                await Eventually.TrueAsync(() => clock.Now >= seconds * 1000, "the clock has ticked");
            }
            answer.SetResult();

            Assert.Equal(1, (await client.ReceiveAsync("ack")).Number("id"));
        }
        await Eventually.TrueAsync(() => server.Connections.IsEmpty, "nobody is connected");
    }

    [Fact]
    public async Task Nothing_of_the_secret_is_logged_and_failures_take_few_lines()
    {
        using var log = new CapturedLogs();
        await using var backend = await Backend.StartAsync();
        string[] settings = backend.Settings("publish,connected");
        string secret = settings[1]["Hooks:Secret=whsec_".Length..];
        await using (var server = await GatewayServer.StartAsync(settings, services => services.AddSingleton<ILoggerProvider>(log)))
        {
            backend.OnCall = (context, _) => StatusAsync(context, 500);
            backend.OnEvents = (context, _) => StatusAsync(context, 500);
            await using var client = await JsonClient.ConnectAsync(server);
            for (int i = 0; i < 50; i++)
                await client.AskAnythingAsync("""{"type":"message","channel":"a","content":1,"id":1}""");
            await Eventually.TrueAsync(() => backend.Requests.Any(request => request.Json.Has("events")), "a delivery was tried");
            backend.OnEvents = (context, _) => StatusAsync(context, 200);
        }
        Assert.DoesNotContain(
            log.Lines, line => line.Contains(secret, StringComparison.Ordinal) || line.Contains("v1,", StringComparison.Ordinal));
        Assert.InRange(log.Lines.Count(line => line.StartsWith("Gateway.Hooks.HookCalls", StringComparison.Ordinal)), 1, 4);
    }

    private static async Task<string> PublishAsync(JsonClient client) =>
        (await client.AskAnythingAsync("""{"type":"message","channel":"a","content":1,"id":1}""")).Text("type");

    private static Task StatusAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }
}
