using System.Net;
using Gateway.Server.Admission;
using Gateway.Server.Auth;
using Gateway.Server.Options;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Connections;

/// <summary><c>Limits:Connections</c>, <c>ConnectionsPerAddress</c> and <c>ConnectionsPerUser</c>, over real sockets.</summary>
public sealed class ConnectionLimitsTests
{
    private static Task<GatewayServer> StartAsync(params string[] settings) =>
        GatewayServer.StartAsync(settings, services => services.AddSingleton<IAuthenticator, QueryAuthenticator>());

    private static (int, int, int) Counts(GatewayServer server) => server.Services.GetRequiredService<ConnectionLimits>().Counts;

    private static Task NothingIsCountedAsync(GatewayServer server) =>
        Eventually.TrueAsync(() => Counts(server) == (0, 0, 0), "nothing is counted any more");

    private static async Task<HttpReply> AskAsync(GatewayServer server, string path = "/ws", params string[] headers)
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await client.SendTextAsync(RawWebSocket.UpgradeRequest(path, headers));
        return await client.ReadReplyAsync();
    }

    [Fact]
    public async Task A_full_node_answers_503_and_when_to_come_back_until_somebody_leaves()
    {
        await using var server = await StartAsync("Limits:Connections=2");
        await using var first = await RawWebSocket.ConnectAsync(server.PublicPort);
        await using var second = await RawWebSocket.ConnectAsync(server.PublicPort);

        var refused = await AskAsync(server);
        Assert.Equal((503, "unavailable", "5"), (refused.Status, refused.Json("error"), refused["Retry-After"]));

        first.Reset();
        await Eventually.TrueAsync(async () => (await AskAsync(server)).Status == 101, "there is room again");
    }

    [Fact]
    public async Task An_address_with_all_its_connections_gets_429_and_others_are_let_in()
    {
        await using var server = await StartAsync(
            [.. AnonymousAccess.Settings, "Limits:ConnectionsPerAddress=2", "Proxy:Trusted:0=127.0.0.1"]);
        await using var one = await ForwardedAsync("192.0.2.1");
        await using var two = await ForwardedAsync("192.0.2.1");
        var refused = await AskAsync(server, "/ws", "X-Forwarded-For: 192.0.2.1");
        Assert.Equal((429, "rate_limited"), (refused.Status, refused.Json("error")));
        Assert.Equal(429, (await AskAsync(server, "/ws", "X-Forwarded-For: ::ffff:192.0.2.1")).Status);
        await using var other = await ForwardedAsync("192.0.2.2");

        // One subscriber of a provider has a whole /64.
        await using var six = await ForwardedAsync("2001:db8:1:1::1");
        await using var seven = await ForwardedAsync("2001:db8:1:1:ffff::2");
        Assert.Equal(429, (await AskAsync(server, "/ws", "X-Forwarded-For: 2001:db8:1:1::3")).Status);
        await using var neighbour = await ForwardedAsync("2001:db8:1:2::1");

        async Task<RawWebSocket> ForwardedAsync(string address)
        {
            var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
            await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws", "X-Forwarded-For: " + address));
            Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
            return client;
        }
    }

    [Fact]
    public async Task A_user_with_all_its_connections_gets_429_and_others_are_let_in()
    {
        await using var server = await StartAsync("Limits:ConnectionsPerUser=2");
        var first = await JsonClient.ConnectAsync(server, "?user=ann");
        await using var second = await JsonClient.ConnectAsync(server, "?user=ann");
        Assert.Equal(429, (await AskAsync(server, "/ws?user=ann")).Status);
        await using var other = await JsonClient.ConnectAsync(server, "?user=bob");

        await first.DisposeAsync();
        await Eventually.TrueAsync(async () => (await AskAsync(server, "/ws?user=ann")).Status == 101, "there is room again");
        Assert.Equal((2, 0, 2), await StableCountsAsync(server, 2));
    }

    [Fact]
    public async Task A_user_that_is_known_only_later_is_counted_then_and_one_that_changes_is_counted_once()
    {
        var options = new GatewayOptions { Limits = new() { ConnectionsPerUser = 1 } };
        var limits = new ConnectionLimits(options, new(null, 0), new UserLimit(options, TimeProvider.System));
        var (one, two) = (limits.TryAcquire(IPAddress.Loopback, out _)!, limits.TryAcquire(IPAddress.Loopback, out _)!);

        Assert.True(await one.IdentifyAsync("ann"));
        Assert.True(await one.IdentifyAsync("ann"));
        Assert.False(await two.IdentifyAsync("ann"));
        Assert.True(await one.IdentifyAsync("bob"));
        Assert.True(await two.IdentifyAsync("ann"));
        Assert.False(await two.IdentifyAsync("bob"));
        Assert.Equal("ann", two.User);

        one.Dispose();
        one.Dispose();
        Assert.True(await two.IdentifyAsync("bob"));
        two.Dispose();
        Assert.Equal((0, 0, 0), limits.Counts);
    }

    [Fact]
    public async Task Handshakes_over_the_rate_of_an_address_get_429_and_when_to_come_back()
    {
        var clock = new ManualTime();
        await using var server = await GatewayServer.StartAsync(
            [.. AnonymousAccess.Settings, "Limits:HandshakesPerSecondPerAddress=2", "Proxy:Trusted:0=127.0.0.1"],
            services => services.AddSingleton<TimeProvider>(clock));
        var rates = server.Services.GetRequiredService<HandshakeRates>();
        string[] here = ["X-Forwarded-For: 192.0.2.1", "Sec-WebSocket-Protocol: unknown"];
        string[] there = ["X-Forwarded-For: 192.0.2.2", "Sec-WebSocket-Protocol: unknown"];

        // Handshakes within the limit are let in to be judged, and answered with 400.
        Assert.Equal(400, (await AskAsync(server, "/ws", here)).Status);
        Assert.Equal(400, (await AskAsync(server, "/ws", here)).Status);
        var refused = await AskAsync(server, "/ws", here);
        Assert.Equal((429, "rate_limited", "1"), (refused.Status, refused.Json("error"), refused["Retry-After"]));
        Assert.Equal(400, (await AskAsync(server, "/ws", there)).Status);
        Assert.Equal(2, rates.Count);

        clock.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal(400, (await AskAsync(server, "/ws", here)).Status);
        Assert.Equal(429, (await AskAsync(server, "/ws", here)).Status);

        await Eventually.TrueAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return rates.Count == 0;
            },
            "addresses that were quiet are forgotten");
    }

    [Fact]
    public void The_table_of_addresses_is_bounded_and_those_without_room_in_it_are_let_in()
    {
        var rates = new HandshakeRates(new() { Limits = new() { HandshakesPerSecondPerAddress = 1 } }, new ManualTime());
        for (int i = 0; i < HandshakeRates.MostAddresses + 100; i++)
            Assert.True(rates.TryTake(new IPAddress(0x0A000000L + i), out _));
        Assert.Equal(HandshakeRates.MostAddresses, rates.Count);
        Assert.False(rates.TryTake(new IPAddress(0x0A000000L), out _));
        Assert.True(rates.TryTake(new IPAddress(0x0A000000L + HandshakeRates.MostAddresses), out _));
    }

    [Fact]
    public async Task The_limits_hold_for_an_upgrade_that_follows_other_requests_too()
    {
        await using var server = await StartAsync("Limits:Connections=1", "Limits:ConnectionsPerAddress=1", "Limits:ConnectionsPerUser=1");
        for (int i = 0; i < 3; i++)
        {
            await using (var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort))
            {
                await client.SendTextAsync("GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n");
                await client.ReadReplyAsync();
                await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws?user=ann"));
                Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
                Assert.Equal((1, 1, 1), Counts(server));
                await using var refused = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
                await refused.SendTextAsync("GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n");
                await refused.ReadReplyAsync();
                await refused.SendTextAsync(RawWebSocket.UpgradeRequest("/ws"));
                var reply = await refused.ReadReplyAsync();
                Assert.Equal((503, "5"), (reply.Status, reply["Retry-After"]));
            }
            await NothingIsCountedAsync(server);
        }
    }

    [Fact]
    public async Task The_counts_are_exact_when_many_come_at_once_and_zero_however_they_end()
    {
        await using var server = await StartAsync(
            "Limits:Connections=60", "Limits:ConnectionsPerAddress=50", "Limits:ConnectionsPerUser=40");
        for (int round = 0; round < 3; round++)
        {
            var clients = await Task.WhenAll(Enumerable.Range(0, 120).Select(_ => RawWebSocket.ConnectTcpAsync(server.PublicPort)));
            string[] heads = await Task.WhenAll(clients.Select(async client =>
            {
                await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws?user=ann"));
                return await client.ReadHeadAsync();
            }));
            Assert.Equal(40, heads.Count(head => head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal)));
            Assert.Equal(80, heads.Count(head => head.StartsWith("HTTP/1.1 429 ", StringComparison.Ordinal)));
            Assert.Equal((40, 1, 1), await StableCountsAsync(server, 40));
            for (int i = 0; i < clients.Length; i++)
            {
                if (i % 3 == 0)
                    clients[i].Reset();
                else if (i % 3 == 1)
                    clients[i].FinishSending();
                await clients[i].DisposeAsync();
            }
            await NothingIsCountedAsync(server);
        }
    }

    [Fact]
    public async Task Clients_that_leave_in_the_middle_of_the_upgrade_are_not_counted()
    {
        await using var server = await StartAsync(
            "Limits:Connections=50", "Limits:ConnectionsPerAddress=50", "Limits:ConnectionsPerUser=50");
        string request = RawWebSocket.UpgradeRequest("/ws?user=ann");
        string kept = "GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n" + request;
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), async (i, _) =>
        {
            string text = i % 2 == 0 ? request : kept;
            var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
            await client.SendTextAsync(i % 4 < 2 ? text : text[..^(1 + i / 4)]);
            client.Reset();
        });
        await NothingIsCountedAsync(server);
        await Eventually.TrueAsync(() => server.Connections.IsEmpty, "no connection is left");
    }

    [Fact]
    public async Task A_handler_that_cannot_be_made_leaves_its_place()
    {
        await using var server = await GatewayServer.StartAsync(
            ["Limits:ConnectionsPerAddress=1", "Limits:ConnectionsPerUser=1"],
            services => services.AddSingleton<IAuthenticator, BrokenAuthenticator>());
        for (int i = 0; i < 3; i++)
        {
            await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
            await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws"));
            try
            {
                await client.ReadToEndAsync();
            }
            catch (IOException)
            {
                // Kestrel resets a connection whose handler failed.
            }
        }
        await NothingIsCountedAsync(server);
    }

    /// <summary>Connections that were refused or have just been released may still be on their way out.</summary>
    private static async Task<(int, int, int)> StableCountsAsync(GatewayServer server, int connections)
    {
        await Eventually.TrueAsync(() => Counts(server).Item1 == connections, $"{connections} places are taken");
        return Counts(server);
    }

    private sealed class BrokenAuthenticator : IAuthenticator
    {
        public string Description => "TEST: always fails";

        public string? Warning => null;

        public string? Problem => null;

        public TokenVerifier? Tokens => null;

        public ValueTask<SignIn> AuthenticateAsync(Gateway.Protocol.WebSockets.HandshakeRequest request) =>
            throw new InvalidOperationException("broken on purpose");

        public Identity WithoutToken => Identity.Anonymous;
    }
}
