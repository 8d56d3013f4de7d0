using System.Diagnostics;
using System.Net;
using Gateway.Server.Admission;
using Gateway.Server.Connections;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using static Gateway.Tests.Sse.Publishing;

namespace Gateway.Tests.Sse;

/// <summary>Limits of WebSockets, as they hold for streams and for publishing by request.</summary>
public sealed class LimitTests
{
    private static readonly string[] Anyone = ["Namespaces:default:Subscribe=anyone", "Namespaces:default:Publish=anyone"];

    [Fact]
    public async Task More_messages_than_one_connection_may_send_are_refused_with_429()
    {
        await using var server = await GatewayServer.StartAsync([.. Anyone, "Limits:MessagesPerSecond=1", "Limits:MessageBurst=3"]);

        var statuses = new List<HttpStatusCode>();
        for (int i = 0; i < 6; i++)
            statuses.Add((await PostAsync(server.PublicPort, """{"channel":"a","content":1}""")).Status);

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK], statuses[..3]);
        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
    }

    [Fact]
    public async Task More_bytes_than_one_connection_may_send_are_refused_with_429_and_Retry_After()
    {
        var time = new ManualTime();
        await using var server = await GatewayServer.StartAsync(
            [.. Anyone, "Limits:BytesPerSecond=100", "Limits:ByteBurst=1000"], services => services.AddSingleton<TimeProvider>(time));
        string large = $$"""{"channel":"a","content":"{{new string('x', 572)}}"}""";
        Assert.Equal(600, large.Length);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(server.PublicPort, large)).Status);

        using var http = new HttpClient();
        using var body = new StringContent(large);
        using var refused = await http.PostAsync(new Uri($"http://127.0.0.1:{server.PublicPort}/publish"), body);
        // The message was read all the same: the address is 200 bytes in debt, and a message like it would need 800 more than there are.
        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(8)), (refused.StatusCode, refused.Headers.RetryAfter!.Delta));

        // Until the debt is paid nothing more is read.
        int timers = time.Timers(TimeSpan.FromSeconds(3));
        var small = PostAsync(server.PublicPort, """{"channel":"a","content":1}""");
        await Eventually.TrueAsync(() => time.Timers(TimeSpan.FromSeconds(3)) > timers, "the small one waits");
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(HttpStatusCode.OK, (await small).Status);

        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(server.PublicPort, large)).Status);
    }

    [Fact]
    public async Task A_flood_that_is_refused_is_read_no_faster_than_the_limit()
    {
        const int Rate = 1_000_000, Burst = 200_000;
        await using var server = await GatewayServer.StartAsync([.. Anyone, $"Limits:BytesPerSecond={Rate}", $"Limits:ByteBurst={Burst}"]);
        string large = $$"""{"channel":"a","content":"{{new string('x', 60_000)}}"}""";
        var clock = Stopwatch.StartNew();
        long read = 0;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            while (clock.Elapsed < TimeSpan.FromSeconds(2))
            {
                await PostAsync(server.PublicPort, large);
                Interlocked.Add(ref read, large.Length);
            }
        }));
        // Twice the limit leaves room for the four that are under way; without it they are read at hundreds of megabytes a second.
        Assert.InRange(read, Burst, (2 * Rate * clock.Elapsed.TotalSeconds) + Burst + (4 * large.Length));
    }

    [Fact]
    public async Task An_address_deep_in_debt_is_refused_unread()
    {
        await using var server = await GatewayServer.StartAsync(
            [.. Anyone, "Limits:BytesPerSecond=1000", "Limits:ByteBurst=1000"],
            services => services.AddSingleton<TimeProvider>(new ManualTime()));
        string large = $$"""{"channel":"a","content":"{{new string('x', 9_000)}}"}""";
        await PostAsync(server.PublicPort, large);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await PostAsync(server.PublicPort, large)).Status);

        // The client sends a head alone: the answer does not wait for the body.
        await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await client.SendTextAsync("POST /publish HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1000\r\n\r\n");
        var reply = await client.ReadReplyAsync();
        Assert.Equal((429, "close", "11"), (reply.Status, reply["Connection"], reply["Retry-After"]));
    }

    [Fact]
    public async Task A_stream_takes_a_place_and_gives_it_back()
    {
        await using var server = await GatewayServer.StartAsync([.. Anyone, "Limits:ConnectionsPerAddress=1"]);
        var limits = server.Services.GetRequiredService<ConnectionLimits>();
        using (await AskAsync(HttpMethod.Get, server.PublicPort, "/sse?channel=a"))
        {
            Assert.Equal(1, limits.Counts.Taken);
            Assert.Equal(HttpStatusCode.TooManyRequests, (await GetAsync(server.PublicPort, "/sse?channel=a")).Status);
        }

        await Eventually.TrueAsync(() => limits.Counts is (0, 0, 0), "its place is free again");
    }
}
