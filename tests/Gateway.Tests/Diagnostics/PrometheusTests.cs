using System.Net;
using Gateway.Server.Export.Prometheus;
using Gateway.Server.Metrics;
using Gateway.TestSupport;
using Gateway.Tests.Redis;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Diagnostics;

public sealed class PrometheusTests
{
    private static readonly HttpClient Http = new();

    [Fact]
    public async Task A_scrape_of_a_gateway_with_traffic_keeps_every_rule_of_the_format()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:h:History=10");
        await using var one = await JsonClient.ConnectAsync(server);
        await using var two = await JsonClient.ConnectAsync(server);
        await one.SubscribeAsync("h:a");
        await two.SubscribeAsync("h:a");
        await one.PublishAsync("h:a", "1");
        await one.ReceiveAsync("message");
        await two.ReceiveAsync("message");
        await one.AskAsync("{", "error");

        using var reply = await Http.GetAsync(Metrics(server.InternalPort));
        var scrape = ExpositionText.Parse(await reply.Content.ReadAsStringAsync());

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", reply.Content.Headers.ContentType!.ToString());
        Assert.Equal(2, scrape.Value("gateway_connections", "transport=\"websocket\""));
        Assert.Equal(2, scrape.Value("gateway_connects_total", "transport=\"websocket\""));
        Assert.Equal(4, scrape.Value("gateway_messages_received_total"));
        Assert.Equal(1, scrape.Value("gateway_errors_total", "code=\"bad_request\""));
        Assert.Equal(2, scrape.Value("gateway_subscriptions"));
        Assert.Equal(1, scrape.Value("gateway_channels"));
        Assert.Equal(2, scrape.Value("gateway_handshake_duration_seconds_count"));
        Assert.Equal(1, scrape.Value("gateway_backplane_up"));
        Assert.True(scrape.Value("gateway_history_bytes") > 0);
        Assert.True(scrape.Value("gateway_network_received_bytes_total") > 100);
        Assert.True(scrape.Value("gateway_network_sent_bytes_total") > 100);
        Assert.True(scrape.Value("gateway_messages_sent_total") >= 7);
        Assert.True(scrape.Value("process_cpu_seconds_total") > 0);
        Assert.True(scrape.Value("process_resident_memory_bytes") > 1 << 20);
        Assert.True(scrape.Value("process_open_fds") > 2);
    }

    [Fact]
    public async Task Streams_and_websockets_are_counted_apart_and_gone_when_they_end()
    {
        await using var server = await GatewayServer.StartAsync();
        var socket = await JsonClient.ConnectAsync(server);
        var stream = await SseClient.ConnectAsync(server.PublicPort, "channel=a");

        var scrape = await ScrapeAsync(server);
        foreach (string transport in new[] { "websocket", "sse" })
        {
            Assert.Equal(1, scrape.Value("gateway_connections", $"transport=\"{transport}\""));
            Assert.Equal(1, scrape.Value("gateway_connects_total", $"transport=\"{transport}\""));
        }
        Assert.Equal(2, scrape.Value("gateway_handshake_duration_seconds_count"));

        await socket.DisposeAsync();
        await stream.DisposeAsync();
        await Eventually.TrueAsync(async () =>
        {
            var after = await ScrapeAsync(server);
            return after.Value("gateway_connections", "transport=\"websocket\"") == 0
                && after.Value("gateway_connections", "transport=\"sse\"") == 0;
        }, "both are gone");
    }

    [Fact]
    public async Task The_answer_to_a_ping_is_measured_and_an_unsolicited_pong_is_not()
    {
        await using var server = await GatewayServer.StartAsync("Heartbeat:Ping=00:00:00.3");
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort);
        await client.SendAsync(RawWebSocket.Frame(10, []));
        await client.SendAsync(RawWebSocket.Frame(10, []));
        while ((await client.ReadFrameAsync())!.Opcode != 9)
        {
        }
        Assert.Null((await ScrapeAsync(server)).Value("gateway_ping_round_trip_seconds_count"));

        await client.SendAsync(RawWebSocket.Frame(10, []));
        await Eventually.TrueAsync(
            async () => (await ScrapeAsync(server)).Value("gateway_ping_round_trip_seconds_count") == 1, "the answer is measured");
    }

    [Theory]
    [InlineData("reject")]
    [InlineData("delay")]
    [InlineData("close")]
    public async Task The_action_against_too_many_messages_is_counted(string action)
    {
        await using var server = await GatewayServer.StartAsync(
            "Limits:MessagesPerSecond=10", "Limits:MessageBurst=1", $"Limits:RateAction={action}");
        await using var client = await JsonClient.ConnectAsync(server);
        for (int i = 0; i < 3; i++)
            await client.SendAsync("""{"type":"ping"}""");
        await Eventually.TrueAsync(
            async () => (await ScrapeAsync(server)).Value("gateway_rate_limited_total", $"action=\"{action}\"") >= 1, "it is counted");
    }

    [Fact]
    public async Task Refusals_name_their_limit()
    {
        await using var server = await GatewayServer.StartAsync("Limits:ConnectionsPerAddress=1");
        await using var first = await JsonClient.ConnectAsync(server);
        await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws"));
        await client.ReadHeadAsync();

        Assert.Equal(1, (await ScrapeAsync(server)).Value("gateway_refusals_total", "status=\"429\",reason=\"address_connections\""));
    }

    [Fact]
    public async Task A_fan_out_is_measured_once_for_its_batch_and_counts_every_subscriber()
    {
        await using var server = await GatewayServer.StartAsync();
        var clients = new List<JsonClient>();
        for (int i = 0; i < 4; i++)
            clients.Add(await JsonClient.ConnectAsync(server));
        foreach (var client in clients)
            await client.SubscribeAsync("a");

        await clients[0].PublishAsync("a", "1");
        foreach (var client in clients)
            await client.ReceiveAsync("message");

        // The fan-out is measured when it has reached the last subscriber, and that one's message may arrive first.
        await Eventually.TrueAsync(
            async () => (await ScrapeAsync(server)).Value("gateway_fanout_subscribers_count") == 1, "the fan-out is measured");
        var scrape = await ScrapeAsync(server);
        Assert.Equal(4, scrape.Value("gateway_fanout_subscribers_sum"));
        Assert.Equal(0, scrape.Value("gateway_fanout_subscribers_bucket", "le=\"3\""));
        Assert.Equal(1, scrape.Value("gateway_fanout_subscribers_bucket", "le=\"10\""));
        Assert.Equal(1, scrape.Value("gateway_fanout_duration_seconds_count"));
        Assert.Equal(4, scrape.Value("gateway_messages_delivered_total"));
        foreach (var client in clients)
            await client.DisposeAsync();
    }

    [Fact]
    public async Task All_gauges_are_zero_again_when_the_clients_have_gone()
    {
        await using var server = await GatewayServer.StartAsync();
        var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a");
        await client.DisposeAsync();

        await Eventually.TrueAsync(
            async () => (await ScrapeAsync(server)).Value("gateway_connections", "transport=\"websocket\"") == 0, "the connection is gone");
        var scrape = await ScrapeAsync(server);
        Assert.Equal(0, scrape.Value("gateway_subscriptions"));
        Assert.Equal(0, scrape.Value("gateway_channels"));
        Assert.Equal(0, scrape.Value("gateway_outbound_queued_bytes"));
        Assert.Equal(1, scrape.Value("gateway_disconnects_total", "code=\"1000\""));
    }

    [Fact]
    public async Task Two_nodes_count_their_requests_to_redis()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var subscriber = await JsonClient.ConnectAsync(nodes.A);
        await subscriber.SubscribeAsync("h:a");
        await using var publisher = await JsonClient.ConnectAsync(nodes.B);
        await publisher.PublishAsync("h:a", "1");
        await subscriber.ReceiveAsync("message");

        await Eventually.TrueAsync(
            async () => (await ScrapeAsync(nodes.B)).Value("gateway_backplane_publishes_total") == 1, "the publish is counted");
        Assert.Equal(1, (await ScrapeAsync(nodes.A)).Value("gateway_backplane_channels"));
        Assert.True((await ScrapeAsync(nodes.A)).Value("gateway_backplane_round_trip_seconds_count") > 0);

        nodes.Redis.Kill();
        await Eventually.TrueAsync(async () => (await ScrapeAsync(nodes.A)).Value("gateway_backplane_up") == 0, "the loss of Redis shows");
    }

    [Fact]
    public async Task Clients_on_the_public_port_see_no_metrics()
    {
        await using var server = await GatewayServer.StartAsync();
        using var reply = await Http.GetAsync(Metrics(server.PublicPort));
        Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode);
    }

    [Fact]
    public async Task A_close_code_that_a_client_invents_makes_no_label()
    {
        await using var server = await GatewayServer.StartAsync();
        foreach (int code in new[] { 4567, 4568 })
        {
            await using var client = await JsonClient.ConnectAsync(server);
            await client.Socket.CloseAsync((System.Net.WebSockets.WebSocketCloseStatus)code, null, CancellationToken.None);
        }
        await Eventually.TrueAsync(
            async () => (await ScrapeAsync(server)).Value("gateway_disconnects_total", "code=\"other\"") == 2, "both are counted as other");
    }

    [Fact]
    public async Task Sets_of_labels_are_bounded()
    {
        await using var server = await GatewayServer.StartAsync();
        var metrics = server.Services.GetRequiredService<GatewayMetrics>();
        for (int i = 0; i < 1_000; i++)
            metrics.Error("made-up-" + i);

        var scrape = await ScrapeAsync(server);
        var errors = scrape.Families["gateway_errors_total"].Samples;
        Assert.Equal(100, errors.Count);
        Assert.True(scrape.Value("gateway_errors_total", "code=\"other\"") >= 900);
    }

    [Fact]
    public void Help_and_labels_are_escaped()
    {
        var exposition = new Exposition();
        exposition.Begin("a", "a \\ and\na line", "gauge");
        exposition.Sample("a", [new("label", "\"\\\n")], double.PositiveInfinity);
        Assert.Equal("# HELP a a \\\\ and\\na line\n# TYPE a gauge\na{label=\"\\\"\\\\\\n\"} +Inf\n", exposition.ToString());
        ExpositionText.Parse(exposition.ToString());
    }

    internal static async Task<ExpositionText> ScrapeAsync(GatewayServer server) =>
        ExpositionText.Parse(await Http.GetStringAsync(Metrics(server.InternalPort)));

    private static Uri Metrics(int port) => new($"http://127.0.0.1:{port}/metrics");
}
