using Gateway.Tests.Diagnostics;
using Gateway.TestSupport;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Hooks;

/// <summary>Delivery of events: in order, in batches, repeated until accepted, and bounded.</summary>
public sealed class DeliveryTests
{
    private const string All = "connected,disconnected,subscribed,unsubscribed,occupied,vacated";

    [Fact]
    public async Task Events_during_a_delivery_go_together_with_the_next()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("occupied", "Limits:ChannelsPerConnection=1000"));
        var first = new TaskCompletionSource();
        backend.OnEvents = (_, _) => Task.WhenAny(first.Task, backend.Over);
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("c0");
        await Eventually.TrueAsync(() => backend.Requests.Count == 1, "the first delivery is under way");

        for (int i = 1; i <= 150; i++)
            await client.SubscribeAsync($"c{i}");
        first.SetResult();

        Assert.Equal(Enumerable.Range(0, 151).Select(i => $"occupied c{i}"), (await backend.EventsAsync(151)).Select(Backend.Describe));
        Assert.Equal([1, 100, 50], backend.Requests.Select(request => request.Json.GetProperty("events").GetArrayLength()));
        await Eventually.TrueAsync(
            async () => (await PrometheusTests.ScrapeAsync(server)).Value("gateway_hooks_events_queued") == 0, "nothing is queued");
        Assert.Equal(151, (await PrometheusTests.ScrapeAsync(server)).Value("gateway_hooks_events_delivered_total"));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(404)]
    [InlineData(302)]
    public async Task A_delivery_that_fails_comes_again_the_same_before_anything_newer(int status)
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("occupied"));
        int attempts = 0;
        backend.OnEvents = (context, _) =>
        {
            context.Response.Headers.Location = backend.Url;
            context.Response.StatusCode = Interlocked.Increment(ref attempts) <= 2 ? status : 200;
            return Task.CompletedTask;
        };
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");
        await Eventually.TrueAsync(() => backend.Requests.Count == 1, "the first attempt was made");
        await client.SubscribeAsync("b");

        Assert.Equal(["occupied a", "occupied b"], (await backend.EventsAsync(2)).Select(Backend.Describe));
        var requests = backend.Requests;
        Assert.Equal(4, requests.Count);
        Assert.All(
            requests.Take(3),
            request => Assert.Equal(
                (requests[0].Id, Convert.ToHexString(requests[0].Body)), (request.Id, Convert.ToHexString(request.Body))));
        Assert.NotEqual(requests[0].Id, requests[3].Id);
        Assert.Equal(2, (await PrometheusTests.ScrapeAsync(server)).Value("gateway_hooks_deliveries_total", "result=\"failed\""));
    }

    [Fact]
    public async Task A_backend_that_hangs_delays_events_and_nobody_and_nothing_else()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("publish," + All, "Hooks:DeliveryTimeout=00:00:00.2"));
        int attempts = 0;
        backend.OnEvents = (context, _) => Interlocked.Increment(ref attempts) <= 2
            ? Task.WhenAny(backend.Over, Task.Delay(Timeout.Infinite, context.RequestAborted))
            : Task.CompletedTask;
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");

        await client.PublishAsync("a", "1");

        await client.ReceiveAsync("message");
        // Without an answer the gateway cannot know whether the backend took the events, so they come again with the same ids.
        Assert.Equal(["connected", "occupied a", "subscribed a"], (await backend.EventsAsync(3)).Select(Backend.Describe));
        var deliveries = backend.Requests.Where(request => request.Json.Has("events")).ToList();
        Assert.True(deliveries.Count(delivery => delivery.Id == deliveries[0].Id) >= 3);
    }

    [Fact]
    public async Task When_too_many_wait_the_oldest_go_which_the_ids_show_and_are_counted()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(
            backend.Settings("occupied", "Hooks:QueuedEvents=100", "Limits:ChannelsPerConnection=1000"));
        var first = new TaskCompletionSource();
        backend.OnEvents = (_, _) => Task.WhenAny(first.Task, backend.Over);
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("c1");
        await Eventually.TrueAsync(() => backend.Requests.Count == 1, "the first delivery is under way");
        for (int i = 2; i <= 131; i++)
            await client.SubscribeAsync($"c{i}");
        first.SetResult();

        var events = await backend.EventsAsync(101);
        Assert.Equal(
            [1, .. Enumerable.Range(32, 100)],
            events.Select(one => int.Parse(one.Text("id").Split('-')[1], System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal("occupied c131", Backend.Describe(events[^1]));
        Assert.Equal(30, (await PrometheusTests.ScrapeAsync(server)).Value("gateway_hooks_events_dropped_total", "reason=\"overflow\""));
    }

    [Fact]
    public async Task Events_not_accepted_in_time_are_given_up_and_the_next_are_tried()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("occupied", "Hooks:RetryFor=00:00:00"));
        backend.OnEvents = (context, request) =>
        {
            context.Response.StatusCode = Backend.Describe(request.Json.GetProperty("events")[0]) == "occupied poison" ? 400 : 200;
            return Task.CompletedTask;
        };
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("poison");
        await Eventually.TrueAsync(() => backend.Requests.Count == 1, "it was tried");
        await client.SubscribeAsync("a");

        Assert.Equal(["occupied a"], (await backend.EventsAsync(1)).Select(Backend.Describe));
        Assert.Equal(1, (await PrometheusTests.ScrapeAsync(server)).Value("gateway_hooks_events_dropped_total", "reason=\"expired\""));
    }

    [Fact]
    public async Task A_node_that_stops_brings_what_is_left_even_to_a_backend_that_fails_at_first()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings(All));
        backend.OnEvents = (context, _) =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");
        await Eventually.TrueAsync(() => backend.Requests.Count == 1, "it was tried");
        var stopping = server.StopAsync();
        await client.ReceiveUntilAsync(message => message.Text("type") == "disconnect");
        Assert.Null(await client.ReceiveTextAsync());
        await client.DisposeAsync();
        backend.OnEvents = (_, _) => Task.CompletedTask;
        await stopping;

        Assert.Equal(
            ["connected", "occupied a", "subscribed a", "unsubscribed a", "vacated a", "disconnected"],
            backend.Events.Select(Backend.Describe));
        Assert.Equal(1012, backend.Events[^1].Number("code"));
    }

    [Fact]
    public async Task A_node_that_stops_gives_up_a_backend_that_goes_on_failing_and_says_how_much_was_left()
    {
        var time = new ManualTime();
        using var log = new RecordedLog();
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(
            backend.Settings("occupied"), services => services.AddSingleton<TimeProvider>(time).AddSingleton<ILoggerProvider>(log));
        backend.OnEvents = (context, _) =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        await using (var client = await JsonClient.ConnectAsync(server))
            await client.SubscribeAsync("a");
        await Eventually.TrueAsync(
            () => server.Connections.IsEmpty && backend.Requests.Count == 1, "it was tried, and nobody is connected");

        var stopping = server.StopAsync();
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return stopping.IsCompleted;
            },
            "the node has stopped");

        await stopping;
        Assert.StartsWith("1 events were dropped", Assert.Single(log.Of(66)), StringComparison.Ordinal);
    }
}
