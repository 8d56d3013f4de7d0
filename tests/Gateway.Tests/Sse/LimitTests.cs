using System.Net;
using Gateway.Connections;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using static Gateway.Tests.Sse.Publishing;

namespace Gateway.Tests.Sse;

/// <summary>What holds for WebSockets holds for streams and for publishing by request.</summary>
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
        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(2)), (refused.StatusCode, refused.Headers.RetryAfter!.Delta));
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(server.PublicPort, """{"channel":"a","content":1}""")).Status);

        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(server.PublicPort, large)).Status);
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
