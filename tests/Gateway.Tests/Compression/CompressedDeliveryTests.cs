using System.Text.Json;
using Gateway.TestSupport;
using Gateway.Tests.Redis.Faults;

namespace Gateway.Tests.Compression;

/// <summary>What goes compressed to clients that have agreed on it, and what never does.</summary>
public sealed class CompressedDeliveryTests
{
    /// <summary>Content of a given size that deflates well.</summary>
    private static string Content(int bytes) => JsonSerializer.Serialize(new string('a', bytes - 2));

    private static string Publish(string channel, string content, string more = "") =>
        $$"""{"type":"message","channel":"{{channel}}","content":{{content}}{{more}}}""";

    public static TheoryData<string[]> Transports()
    {
        var transports = new TheoryData<string[]>(["Transport:Kind=sockets"]);
        if (OperatingSystem.IsLinux())
            transports.Add(["Transport:Kind=epoll"]);
        return transports;
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task A_message_goes_compressed_to_those_who_agreed_and_plain_to_all_others(string[] transport)
    {
        await using var server = await GatewayServer.StartAsync(transport);
        await using var compressing = await CompressingClient.ConnectAsync(server.PublicPort);
        await using var plain = await CompressingClient.ConnectAsync(server.PublicPort, offer: null);
        await using var publisher = await CompressingClient.ConnectAsync(server.PublicPort);
        await compressing.SubscribeAsync("news");
        await plain.SubscribeAsync("news");

        await publisher.SendAsync(Publish("news", Content(2_000)), isCompressed: true);

        var (first, second) = (await compressing.ReadAsync(), await plain.ReadAsync());
        Assert.Equal((true, false), (first.IsCompressed, second.IsCompressed));
        Assert.Equal(second.Text, first.Text);
        Assert.Contains(Content(2_000), first.Text, StringComparison.Ordinal);
        Assert.InRange(first.Bytes, 1, 200);
    }

    [Fact]
    public async Task A_message_is_deflated_once_for_all_its_subscribers_and_windows_apart()
    {
        await using var server = await GatewayServer.StartAsync();
        using var measured = new Measurements(server);
        await using var publisher = await CompressingClient.ConnectAsync(server.PublicPort, offer: null);
        var subscribers = new List<CompressingClient>();
        for (int i = 0; i < 20; i++)
            subscribers.Add(await CompressingClient.ConnectAsync(server.PublicPort));
        foreach (var subscriber in subscribers)
            await subscriber.SubscribeAsync("news");
        await using var small = await CompressingClient.ConnectAsync(server.PublicPort, "permessage-deflate; server_max_window_bits=9");

        await publisher.SendAsync(Publish("news", Content(2_000)));
        int bytes = 0;
        foreach (var subscriber in subscribers)
            bytes = (await subscriber.ReadAsync()).Text.Length;
        Assert.Equal(bytes, measured["gateway.deflate.input"]);
        Assert.InRange(measured["gateway.network.saved"], 20 * (bytes - 200), 20 * bytes);

        await small.SubscribeAsync("news");
        await publisher.SendAsync(Publish("news", Content(2_000)));
        Assert.True((await small.ReadAsync()).IsCompressed);
        Assert.True((await subscribers[^1].ReadAsync()).IsCompressed);
        Assert.Equal(3 * bytes, measured["gateway.deflate.input"]);
        Assert.InRange(measured["gateway.deflate.output"], 1, 600);
        foreach (var subscriber in subscribers)
            await subscriber.DisposeAsync();
    }

    [Theory]
    [InlineData("permessage-deflate; server_max_window_bits=15", 15)]
    [InlineData("permessage-deflate; server_max_window_bits=14", 12)]
    [InlineData("permessage-deflate; server_max_window_bits=10", 9)]
    public async Task A_clients_window_is_kept_to(string offer, int bits)
    {
        await using var server = await GatewayServer.StartAsync("Diagnostics:Echo=true", "Limits:MessageBytes=1000000");
        await using var client = await CompressingClient.OpenAsync(server.PublicPort, "/echo", offer);
        Assert.EndsWith($"; server_max_window_bits={bits}", client.Extensions, StringComparison.Ordinal);
        // Letters that repeat only further back than the window reaches: it must not, so there is next to nothing to save.
        var random = new Random(bits);
        string noise = Convert.ToHexString([.. Enumerable.Range(0, (1 << bits) / 2 + 300).Select(_ => (byte)random.Next(256))]);

        await client.SendAsync(noise);
        int once = (await client.ReadAsync()).Bytes;
        await client.SendAsync(noise + noise);
        var (text, isCompressed, twice) = await client.ReadAsync();

        Assert.Equal((noise + noise, true), (text, isCompressed));
        Assert.InRange(twice, 1.8 * once, 2.2 * once);
    }

    [Fact]
    public async Task Messages_under_the_threshold_go_as_they_are()
    {
        await using var server = await GatewayServer.StartAsync("Diagnostics:Echo=true", "Compression:Threshold=100");
        await using var client = await CompressingClient.OpenAsync(server.PublicPort, "/echo");
        foreach (int bytes in new[] { 0, 1, 99, 100, 101, 5_000 })
        {
            await client.SendAsync(new string('a', bytes));
            var (text, isCompressed, _) = await client.ReadAsync();
            Assert.Equal((bytes, bytes >= 100), (text.Length, isCompressed));
        }
    }

    [Fact]
    public async Task The_threshold_is_512_bytes_unless_set()
    {
        await using var server = await GatewayServer.StartAsync("Diagnostics:Echo=true");
        await using var client = await CompressingClient.OpenAsync(server.PublicPort, "/echo");
        await client.SendAsync(new string('a', 511));
        Assert.False((await client.ReadAsync()).IsCompressed);
        await client.SendAsync(new string('a', 512));
        Assert.True((await client.ReadAsync()).IsCompressed);
    }

    [Fact]
    public async Task What_compression_would_make_larger_goes_as_it_is()
    {
        await using var server = await GatewayServer.StartAsync("Diagnostics:Echo=true");
        await using var client = await CompressingClient.OpenAsync(server.PublicPort, "/echo");
        byte[] random = new byte[10_000];
        new Random(3).NextBytes(random);

        await client.Socket.SendAsync(RawWebSocket.Frame(2, Deflated.Of(random), rsv: 4));
        var frame = await client.Socket.ReadFrameAsync();

        Assert.Equal((2, 0), (frame!.Opcode, frame.Rsv));
        Assert.Equal(random, frame.Payload);
    }

    [Theory]
    [InlineData("fastest")]
    [InlineData("optimal")]
    public async Task Both_levels_do(string level)
    {
        await using var server = await GatewayServer.StartAsync("Diagnostics:Echo=true", "Compression:Level=" + level);
        await using var client = await CompressingClient.OpenAsync(server.PublicPort, "/echo");
        string json = JsonSerializer.Serialize(Enumerable.Range(1, 200).Select(i => new { id = i, name = $"name {i % 7}" }));

        await client.SendAsync(json);

        var (text, isCompressed, bytes) = await client.ReadAsync();
        Assert.Equal((json, true), (text, isCompressed));
        Assert.InRange(bytes, 1, json.Length / 4);
    }

    [Fact]
    public async Task Answers_are_compressed_too()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:log:History=100");
        await using var client = await CompressingClient.ConnectAsync(server.PublicPort);
        for (int i = 0; i < 10; i++)
            Assert.False((await client.AskAsync(Publish("log:a", $"\"message {i} of several\"", $",\"id\":{i}"), "ack")).IsCompressed);

        var (history, isCompressed) = await client.AskAsync("""{"type":"history","channel":"log:a"}""", "history");

        Assert.True(isCompressed);
        Assert.Equal(10, history.GetProperty("messages").GetArrayLength());
    }

    [Fact]
    public async Task What_was_missed_is_compressed_as_what_comes_after_it_and_in_order()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:log:History=100");
        await using var publisher = await CompressingClient.ConnectAsync(server.PublicPort);
        for (int i = 1; i <= 5; i++)
            await publisher.AskAsync(Publish("log:a", Content(1_000 + i), $",\"id\":{i}"), "ack");
        string epoch = (await publisher.AskAsync("""{"type":"history","channel":"log:a"}""", "history")).Message.Text("epoch");
        await using var client = await CompressingClient.ConnectAsync(server.PublicPort);
        await client.AskAsync(
            $$$"""{"type":"subscribe","channel":"log:a","recover":{"epoch":"{{{epoch}}}","seq":0}}""", "subscribed");
        await publisher.AskAsync(Publish("log:a", Content(1_006), ",\"id\":6"), "ack");

        for (int seq = 1; seq <= 6; seq++)
        {
            var (message, isCompressed) = await client.ReadAsync("message");
            Assert.Equal((seq, true), (message.Number("seq"), isCompressed));
        }
    }

    [Fact]
    public async Task Presence_is_compressed_when_it_is_large()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:room:Presence=true");
        var others = new List<CompressingClient>();
        for (int i = 0; i < 30; i++)
            others.Add(await CompressingClient.ConnectAsync(server.PublicPort));
        foreach (var other in others)
            await other.SubscribeAsync("room:a");
        await using var client = await CompressingClient.ConnectAsync(server.PublicPort);

        var (subscribed, isCompressed) = await client.AskAsync("""{"type":"subscribe","channel":"room:a"}""", "subscribed");

        Assert.True(isCompressed);
        Assert.Equal(31, subscribed.GetProperty("users").GetArrayLength());
        foreach (var other in others)
            await other.DisposeAsync();
    }

    [Fact]
    public async Task Nothing_of_a_namespace_without_compression_is_compressed()
    {
        await using var server = await GatewayServer.StartAsync(
            "Namespaces:bank:Compress=false", "Namespaces:bank:History=10", "Namespaces:bank:Presence=true");
        await using var client = await CompressingClient.ConnectAsync(server.PublicPort);
        await using var other = await CompressingClient.ConnectAsync(server.PublicPort);
        var (start, _) = await client.AskAsync("""{"type":"subscribe","channel":"bank:a"}""", "subscribed");
        await client.SubscribeAsync("news");

        await other.SendAsync(Publish("bank:a", Content(2_000)));
        Assert.False((await client.ReadAsync("message")).IsCompressed);
        await other.SendAsync(Publish("news", Content(2_000)));
        Assert.True((await client.ReadAsync("message")).IsCompressed);

        Assert.False((await client.AskAsync("""{"type":"history","channel":"bank:a"}""", "history")).IsCompressed);
        await client.AskAsync("""{"type":"unsubscribe","channel":"bank:a"}""", "unsubscribed");
        await client.AskAsync(
            $$$"""{"type":"subscribe","channel":"bank:a","recover":{"epoch":"{{{start.Text("epoch")}}}","seq":0}}""", "subscribed");
        Assert.False((await client.ReadAsync("message")).IsCompressed);
    }

    [Fact]
    public async Task Another_namespace_may_have_what_the_default_has_not()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:default:Compress=false", "Namespaces:log:Compress=true");
        await using var client = await CompressingClient.ConnectAsync(server.PublicPort);
        foreach (var (channel, isCompressed) in new[] { ("news", false), ("log:a", true) })
        {
            await client.SubscribeAsync(channel);
            await client.SendAsync(Publish(channel, Content(2_000)));
            Assert.Equal(isCompressed, (await client.ReadAsync("message")).IsCompressed);
        }
    }

    [Fact]
    public async Task Who_published_without_echo_does_not_get_it_compressed_either()
    {
        await using var server = await GatewayServer.StartAsync();
        await using var client = await CompressingClient.ConnectAsync(server.PublicPort);
        await using var other = await CompressingClient.ConnectAsync(server.PublicPort);
        await client.SubscribeAsync("news");
        await other.SubscribeAsync("news");

        await client.AskAsync(Publish("news", Content(1_000), ",\"echo\":false,\"id\":1"), "ack");
        await other.SendAsync(Publish("news", Content(2_000)));

        Assert.Equal(1_000, (await other.ReadAsync("message")).Message.Text("content").Length + 2);
        Assert.Equal(2_000, (await client.ReadAsync("message")).Message.Text("content").Length + 2);
    }

    [Theory]
    [InlineData("Compression:Enabled=false", CompressingClient.Offer)]
    [InlineData("Compression:Enabled=true", "permessage-deflate; server_max_window_bits=8")]
    [InlineData("Compression:Enabled=true", "permessage-bzip2")]
    public async Task Without_an_agreement_all_goes_on_uncompressed(string setting, string offer)
    {
        await using var server = await GatewayServer.StartAsync("Diagnostics:Echo=true", setting);
        await using var client = await CompressingClient.OpenAsync(server.PublicPort, "/echo", offer);
        Assert.Null(client.Extensions);

        await client.SendAsync(new string('a', 2_000));

        Assert.False((await client.ReadAsync()).IsCompressed);
    }

    [Fact]
    public async Task An_upgrade_that_is_not_the_first_request_of_its_connection_agrees_as_well()
    {
        await using var server = await GatewayServer.StartAsync("Diagnostics:Echo=true");
        await using var socket = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await socket.SendTextAsync("GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n");
        await socket.ReadReplyAsync();

        await socket.SendTextAsync(RawWebSocket.UpgradeRequest("/echo", "Sec-WebSocket-Extensions: permessage-deflate"));
        Assert.Equal(
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            HttpReply.Parse(await socket.ReadHeadAsync())["Sec-WebSocket-Extensions"]);
        await socket.SendAsync(CompressingClient.Frame(new string('a', 2_000)));

        var frame = await socket.ReadFrameAsync();
        Assert.Equal((4, 2_000), (frame!.Rsv, Deflated.Inflate(frame.Payload).Length));
    }

    [Fact]
    public async Task Messages_of_other_nodes_are_compressed_here()
    {
        await using var redis = await RedisServer.StartAsync();
        string[] settings = ["Redis:Addresses=" + redis.Address, "Namespaces:log:History=10"];
        await using var here = await GatewayServer.StartAsync(settings);
        await using var there = await GatewayServer.StartAsync(settings);
        await here.IsReadyAsync();
        await there.IsReadyAsync();
        await using var compressing = await CompressingClient.ConnectAsync(here.PublicPort);
        await using var plain = await CompressingClient.ConnectAsync(here.PublicPort, offer: null);
        await using var publisher = await CompressingClient.ConnectAsync(there.PublicPort);
        foreach (string channel in new[] { "news", "log:a" })
        {
            await compressing.SubscribeAsync(channel);
            await plain.SubscribeAsync(channel);
            await publisher.SendAsync(Publish(channel, Content(2_000)), isCompressed: true);

            var (first, second) = (await compressing.ReadAsync(), await plain.ReadAsync());
            Assert.Equal((true, false), (first.IsCompressed, second.IsCompressed));
            Assert.Equal(second.Text, first.Text);
        }
    }
}
