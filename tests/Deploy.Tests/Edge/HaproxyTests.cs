using System.Net;
using Gateway.TestSupport;

namespace Gateway.Deploy.Tests.Edge;

/// <summary>Debian's haproxy with <c>deploy/haproxy/haproxy.cfg</c>.</summary>
public sealed class HaproxyTests() : EdgeTests(plan => new HaproxyProxy(plan))
{
    [Fact]
    public async Task A_node_whose_Redis_is_away_gets_no_new_clients_until_it_is_ready_again()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var network = TcpProxy.Start(redis.Port);
        HaproxyProxy proxy = null!;
        await using var edge = await TwoGateways.StartAsync(
            plan => proxy = new HaproxyProxy(plan), redis: [network.Address, redis.Address]);
        var (first, second) = await edge.OneAtEachAsync(proxy.ByCookie);
        using (first)
        using (second)
        {
            await using var client = await first.ConnectAsync(proxy.ByCookie);

            network.Refuse();
            network.Cut();
            await Eventually.TrueAsync(async () => !await proxy.IsUpAsync(0), "the checks have found edge-1 red");

            Assert.Equal("edge-2", await first.NodeAsync(proxy.ByCookie));
            for (int i = 0; i < 5; i++)
            {
                using var visitor = edge.NewVisitor();
                Assert.Equal("edge-2", await visitor.NodeAsync(proxy.ByCookie));
            }
            // Who is connected stays so.
            await client.AskAsync("""{"type":"ping","id":1}""", "pong");

            network.Resume();
            await Eventually.TrueAsync(() => proxy.IsUpAsync(0), "the checks have found edge-1 green");
            await edge.OneAtEachAsync(proxy.ByCookie);
        }
    }

    [Fact]
    public async Task HTTP_2_carries_WebSockets_and_streams()
    {
        await using var edge = await TwoGateways.StartAsync(plan => new HaproxyProxy(plan));
        using var visitor = new Visitor("127.1.2.6", edge.Certificate) { Http = HttpVersion.Version20 };
        await using var client = await visitor.ConnectAsync(edge.Proxy.ByCookie);
        await client.SubscribeAsync("news");
        await using var stream = await visitor.StreamAsync(edge.Proxy.ByCookie, "news");
        await stream.ReceiveAsync("subscribed");

        for (int i = 0; i < 5; i++)
        {
            await visitor.PublishAsync(edge.Proxy.ByCookie, "news", i);
            Assert.Equal(i, (await stream.ReceiveAsync("message")).Json.Number("content"));
            Assert.Equal(i, (await client.ReceiveAsync("message")).Number("content"));
        }
    }
}
