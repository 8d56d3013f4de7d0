using Gateway.TestSupport;

namespace Gateway.Deploy.Tests.Edge;

/// <summary>Clients behind either proxy, each with its file as it stands in <c>deploy</c>.</summary>
public abstract partial class EdgeTests
{
    private readonly Func<EdgePlan, EdgeProxy> _proxy;

    private protected EdgeTests(Func<EdgePlan, EdgeProxy> proxy) => _proxy = proxy;

    [Fact]
    public async Task A_cookie_keeps_a_client_at_its_node()
    {
        await using var edge = await StartAsync();
        var (first, second) = await edge.OneAtEachAsync(edge.Proxy.ByCookie);
        using (first)
        using (second)
        {
            foreach (var (visitor, node) in new[] { (first, "edge-1"), (second, "edge-2") })
            {
                for (int i = 0; i < 3; i++)
                    Assert.Equal(node, await visitor.NodeAsync(edge.Proxy.ByCookie));
                await using var stream = await visitor.StreamAsync(edge.Proxy.ByCookie, "news");
                Assert.Equal(node, stream.Connected.Text("node"));
                var cookie = Assert.Single(visitor.Cookies.GetAllCookies(), cookie => cookie.Name == "gateway");
                Assert.True(cookie is { Secure: true, HttpOnly: true });
            }
        }
    }

    [Fact]
    public async Task A_clients_address_keeps_it_at_its_node()
    {
        await using var edge = await StartAsync();
        var (first, second) = await edge.OneAtEachAsync(edge.Proxy.ByAddress);
        using (first)
        using (second)
        {
            foreach (var (visitor, node) in new[] { (first, "edge-1"), (second, "edge-2") })
            {
                using var another = new Visitor(visitor.Address, edge.Certificate);
                Assert.Equal(node, await another.NodeAsync(edge.Proxy.ByAddress));
                await using var stream = await another.StreamAsync(edge.Proxy.ByAddress, "news");
                Assert.Equal(node, stream.Connected.Text("node"));
            }
        }
    }

    [Fact]
    public async Task The_gateways_know_the_clients_own_address_whatever_it_claims()
    {
        await using var edge = await StartAsync();
        foreach (int port in new[] { edge.Proxy.ByCookie, edge.Proxy.ByAddress })
        {
            string address = port == edge.Proxy.ByCookie ? "127.1.2.3" : "127.1.2.4";
            using var visitor = new Visitor(address, edge.Certificate) { Claim = "203.0.113.9" };
            await using var client = await visitor.ConnectAsync(port);
            await using var stream = await visitor.StreamAsync(port, "news");
            foreach (string connection in new[] { client.ConnectionId, stream.ConnectionId })
                await LoggedAsync(edge, $"Connection {connection} of anonymous-{connection} from {visitor.Address} opened.");
        }
    }

    [Fact]
    public async Task TLS_can_pass_through_and_the_address_with_it()
    {
        using var certificate = new TestCertificate();
        await using var edge = await StartAsync(settings: [.. certificate.Pem, "Proxy:Protocol=true"]);
        using var visitor = new Visitor("127.1.2.5", certificate);

        await using var client = await visitor.ConnectAsync(edge.Proxy.PassThrough);
        await LoggedAsync(edge, $"Connection {client.ConnectionId} of {client.User} from 127.1.2.5 opened.");
        for (int i = 0; i < 3; i++)
            Assert.Equal(client.Connected.Text("node"), await visitor.NodeAsync(edge.Proxy.PassThrough));
        await using var stream = await visitor.StreamAsync(edge.Proxy.PassThrough, "news");
        await AssertArrivesOneByOneAsync(visitor, edge.Proxy.PassThrough, stream);
    }

    [Fact]
    public async Task The_events_of_a_stream_arrive_one_by_one_while_it_is_open()
    {
        await using var edge = await StartAsync();
        using var visitor = edge.NewVisitor();
        await using var stream = await visitor.StreamAsync(edge.Proxy.ByCookie, "news");
        await AssertArrivesOneByOneAsync(visitor, edge.Proxy.ByCookie, stream);
    }

    [Fact]
    public async Task Heartbeats_keep_quiet_connections_past_the_idle_timeouts()
    {
        await using var edge = await StartAsync("5s", "Heartbeat:Ping=00:00:00.5");
        using var visitor = edge.NewVisitor();
        await using var client = await visitor.ConnectAsync(edge.Proxy.ByCookie);
        await client.SubscribeAsync("news");
        await using var stream = await visitor.StreamAsync(edge.Proxy.ByCookie, "news");
        await stream.ReceiveAsync("subscribed");

        // A client that does not read does not answer pings.
        var (streamed, message) = (stream.ReceiveAsync("message"), client.ReceiveAsync("message"));
        await Eventually.TrueAsync(
            () => streamed.IsCompleted || message.IsCompleted || stream.Parser.Comments >= 14,
            "as many heartbeats as take longer than the timeouts");

        await visitor.PublishAsync(edge.Proxy.ByCookie, "news", 1);
        Assert.Equal("1", (await streamed).Json.Raw("content"));
        Assert.Equal("1", (await message).Raw("content"));
    }

    [Fact]
    public async Task A_draining_node_gets_no_new_clients_and_keeps_those_that_are_left()
    {
        await using var edge = await StartAsync();
        var (first, second) = await edge.OneAtEachAsync(edge.Proxy.ByCookie);
        using (first)
        using (second)
        {
            // Of three, the first is closed at once and the last an hour later.
            JsonClient[] clients =
            [
                await first.ConnectAsync(edge.Proxy.ByCookie),
                await first.ConnectAsync(edge.Proxy.ByCookie),
                await first.ConnectAsync(edge.Proxy.ByCookie),
            ];
            edge.Nodes[0].Terminate();
            await edge.ReadyAsync(0, ready: false);

            for (int i = 0; i < 5; i++)
            {
                using var visitor = edge.NewVisitor();
                Assert.Equal("edge-2", await visitor.NodeAsync(edge.Proxy.ByCookie));
                Assert.Equal("edge-2", await visitor.NodeAsync(edge.Proxy.ByAddress));
                await using var stream = await visitor.StreamAsync(edge.Proxy.ByAddress, "news");
                Assert.Equal("edge-2", stream.Connected.Text("node"));
            }
            // In spite of its cookie.
            Assert.Equal("edge-2", await first.NodeAsync(edge.Proxy.ByCookie));
            var received = clients.Select(client => client.ReceiveAsync()).ToArray();
            Assert.Equal("disconnect", (await await Task.WhenAny(received)).Text("type"));
            var left = clients.Zip(received).First(pair => !pair.Second.IsCompleted);
            await left.First.SendAsync("""{"type":"ping","id":7}""");
            Assert.Equal("pong", (await left.Second).Text("type"));
            foreach (var client in clients)
                await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_node_that_is_taken_out_keeps_its_clients_and_gets_no_others()
    {
        await using var edge = await StartAsync();
        var (first, second) = await edge.OneAtEachAsync(edge.Proxy.ByCookie);
        using (first)
        using (second)
        {
            await using var client = await first.ConnectAsync(edge.Proxy.ByCookie);

            await edge.Proxy.TakeOutAsync(0);

            Assert.Equal("edge-2", await first.NodeAsync(edge.Proxy.ByCookie));
            for (int i = 0; i < 5; i++)
            {
                using var visitor = edge.NewVisitor();
                Assert.Equal("edge-2", await visitor.NodeAsync(edge.Proxy.ByCookie));
            }
            Assert.True(await client.HearsOnlyPongAsync());
            Assert.Equal("edge-1", client.Connected.Text("node"));
        }
    }

    [Fact]
    public async Task What_the_proxy_writes_tells_no_token()
    {
        string token = SigningKey.OfSecret(AnonymousAccess.Secret).Token("ann");
        await using var edge = await StartAsync();
        using var visitor = edge.NewVisitor();
        await using (await visitor.ConnectAsync(edge.Proxy.ByCookie, "?token=" + token))
        {
        }
        foreach (var node in edge.Nodes)
            node.Kill();
        await Assert.ThrowsAnyAsync<Exception>(() => visitor.ConnectAsync(edge.Proxy.ByCookie, "?token=" + token));

        await Eventually.TrueAsync(() => edge.Proxy.Output.Split("GET /ws ").Length > 2, "both are in the log");
        Assert.DoesNotContain(token, edge.Proxy.Output);
    }

    private Task<TwoGateways> StartAsync(string idle = "1m", params string[] settings) =>
        TwoGateways.StartAsync(_proxy, idle, settings: settings);

    private static async Task AssertArrivesOneByOneAsync(Visitor visitor, int port, SseClient stream)
    {
        Assert.Equal("text/event-stream", stream.Response.Content.Headers.ContentType!.MediaType);
        await stream.ReceiveAsync("subscribed");
        for (int i = 0; i < 10; i++)
        {
            await visitor.PublishAsync(port, "news", i);
            Assert.Equal(i, (await stream.ReceiveAsync("message")).Json.Number("content"));
        }
    }

    private static Task LoggedAsync(TwoGateways edge, string line) =>
        Eventually.TrueAsync(() => edge.Nodes.Any(node => node.Output.Contains(line, StringComparison.Ordinal)), line);
}
