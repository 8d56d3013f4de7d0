using Gateway.Load.Reports;
using Gateway.TestSupport;

namespace Gateway.Load.Tests;

public sealed class ScenarioTests(ScenarioTests.Servers servers) : IClassFixture<ScenarioTests.Servers>
{
    private Uri Url => servers.Gateway.WebSocketUri;

    [Fact]
    public async Task Echo_gets_everything_back()
    {
        var report = await Runs.RunAsync("echo", servers.Gateway.EchoUri, options => options with { InFlight = 4 });

        AssertFine(report, "round trip");
    }

    [Fact]
    public async Task Fan_out_reaches_every_subscriber_with_each_message()
    {
        var report = await Runs.RunAsync("fanout", Url, options => options with { InFlight = 16 });

        AssertFine(report, "delivery");
        Assert.Equal(21, report.Connections);
    }

    [Fact]
    public async Task Fan_out_keeps_to_its_rate()
    {
        var report = await Runs.RunAsync("fanout", Url, options => options with { Rate = 100 });

        AssertFine(report, "delivery");
        // The messages of half a second and the first of the next; less if the machine did not get that far.
        Assert.InRange(report.Messages, 20, 20 * (100 + (100 * report.Seconds)));
    }

    [Fact]
    public async Task Messages_larger_than_a_segment_arrive_whole() =>
        AssertFine(await Runs.RunAsync("fanout", Url, options => options with { Bytes = 60_000 }), "delivery");

    [Theory]
    [InlineData(0, 1.1, 1.5)]
    [InlineData(50, 0.5, 1)]
    [InlineData(100, 0.2, 0.5)]
    public async Task Clients_that_offer_compression_receive_less(int percent, double least, double most)
    {
        const int Bytes = 1_000;
        var report = await Runs.RunAsync("fanout", Url, options => options with { Bytes = Bytes, Compress = percent });

        AssertFine(report, "delivery");
        Assert.InRange(report.Facts["bytes received/message"], least * Bytes, most * Bytes);
    }

    [Fact]
    public async Task Channels_share_out_the_subscribers() =>
        AssertFine(await Runs.RunAsync("channels", Url), "delivery");

    [Fact]
    public async Task Chat_sees_visitors_come_and_go()
    {
        var report = await Runs.RunAsync("chat", Url);

        AssertFine(report, "delivery");
        // Each seen by all residents of its room, coming and going; every visitor made at least one.
        Assert.True(report.Facts["visits"] >= 4);
    }

    [Fact]
    public async Task Idle_connections_are_all_answered_at_the_end()
    {
        var report = await Runs.RunAsync("idle", Url);

        AssertFine(report, "answer");
        Assert.Equal(20, report.Messages);
        Assert.True(report.Facts["connects/s"] > 0);
    }

    [Fact]
    public async Task After_a_storm_all_are_back_and_have_what_they_missed()
    {
        var report = await Runs.RunAsync("storm", Url);

        AssertFine(report, "back");
        Assert.Equal(20, report.Messages);
        Assert.Equal(0, report.Facts["refused"]);
        Assert.Contains(report.Series, series => series is { Name: "delivery", Count: 20 * 10 });
    }

    [Fact]
    public async Task A_storm_without_history_says_what_is_missing()
    {
        var report = await Runs.RunAsync("storm", Url, options => options with { Namespace = "plain" });

        Assert.Contains("has no history", Assert.Single(report.Problems.First), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stalled_subscribers_are_closed_where_that_is_the_policy()
    {
        var report = await Runs.RunAsync("slow", Url, options => options with { Stalled = 2, Rate = 0, InFlight = 4, Bytes = 32_000 });

        AssertFine(report, "delivery");
        Assert.Equal(2, report.Facts["stalled: closed with 4008"] + report.Facts["stalled: reset"]);
    }

    [Fact]
    public async Task Stalled_subscribers_lose_messages_where_that_is_the_policy()
    {
        var report = await Runs.RunAsync(
            "slow", Url, options => options with { Namespace = "drop", Rate = 0, InFlight = 4, Bytes = 32_000 });

        AssertFine(report, "delivery");
        Assert.Equal(1, report.Facts["stalled: kept, messages dropped"]);
        Assert.True(report.Facts["stalled: messages not delivered"] > 0);
    }

    [Fact]
    public async Task Two_addresses_see_one_order()
    {
        var report = await Runs.RunAsync(
            "cluster", Url, options => options with { SecondUrl = new Uri($"ws://localhost:{servers.Gateway.PublicPort}/ws") });

        AssertFine(report, "delivery");
    }

    [Fact]
    public async Task A_soak_is_a_mix() =>
        AssertFine(await Runs.RunAsync("soak", Url), "delivery");

    [Fact]
    public async Task Over_TLS_it_is_the_same()
    {
        using var certificate = new TestCertificate();
        await using var server = await GatewayServer.StartAsync([.. certificate.Pem, "Diagnostics:Echo=true"]);

        var report = await Runs.RunAsync(
            "fanout", server.WebSocketUri, options => options with { IsInsecure = true, InFlight = 16, Bytes = 20_000 });
        AssertFine(report, "delivery");
        AssertFine(await Runs.RunAsync("echo", server.EchoUri, options => options with { IsInsecure = true, InFlight = 4 }), "round trip");
        var refused = await Runs.RunAsync("fanout", server.WebSocketUri);
        Assert.Contains("cannot connect", refused.Problems.First[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_the_secret_every_client_is_a_user_of_its_own()
    {
        const string secret = "a secret of the thirty-two bytes it needs";
        await using var server = await GatewayServer.StartAsync($"Auth:Secret={secret}", "Namespaces:chat:Presence=true");

        AssertFine(
            await Runs.RunAsync("chat", server.WebSocketUri, options => options with { Tokens = new Tokens(null, secret) }), "delivery");
        var refused = await Runs.RunAsync("chat", server.WebSocketUri, options => options with { Tokens = new Tokens(null, secret + "?") });
        Assert.Contains("refused: HTTP/1.1 401", refused.Problems.First[0], StringComparison.Ordinal);
    }

    private static void AssertFine(Report report, string measures)
    {
        Assert.Empty(report.Problems.First);
        Assert.True(report.Messages > 0);
        Assert.Equal(measures, report.Measures);
        Assert.Contains(report.Series, series => series.Name == measures && series.Count == report.Messages && series.P50 <= series.Max);
    }

    public sealed class Servers : IAsyncLifetime
    {
        internal GatewayServer Gateway { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Gateway = await GatewayServer.StartAsync(
            "Diagnostics:Echo=true", "Namespaces:chat:Presence=true", "Namespaces:log:History=100",
            "Namespaces:drop:SlowConsumer=drop-oldest",
            "Limits:OutboundBytes=200000");

        public ValueTask DisposeAsync() => Gateway.DisposeAsync();
    }
}
