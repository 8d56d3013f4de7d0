using Gateway.TestSupport;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.Hostile;

/// <summary>Clients that send as much as they can, under the limits that every gateway has.</summary>
public sealed class FloodTests
{
    /// <summary>The default rates of the gateway, which test servers switch off.</summary>
    private static readonly string[] DefaultRates =
    [
        "Diagnostics:Echo=true", "Limits:MessagesPerSecond=100", "Limits:MessageBurst=200",
        "Limits:BytesPerSecond=1048576", "Limits:ByteBurst=2097152",
    ];

    [Theory]
    [InlineData("/ws")]
    [InlineData("/echo")]
    public async Task A_flood_of_pings_is_closed_with_4029_whether_it_reads_or_not(string path)
    {
        await using var server = await GatewayServer.StartAsync(DefaultRates);
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort, path);
        await FloodAsync(client, RawWebSocket.Frame(Ping, Bytes(125)));
        Assert.Equal(4029, (await client.ReadUntilCloseAsync())!.CloseCode);
    }

    [Fact]
    public async Task A_flood_of_empty_messages_is_closed_with_4029()
    {
        await using var server = await GatewayServer.StartAsync(DefaultRates);
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort);
        await FloodAsync(client, RawWebSocket.Frame(Text, []));
        Assert.Equal(4029, (await client.ReadUntilCloseAsync())!.CloseCode);
    }

    [Fact]
    public async Task A_flood_of_large_messages_is_closed_with_4029()
    {
        await using var server = await GatewayServer.StartAsync(DefaultRates);
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort);
        byte[] large = RawWebSocket.TextFrame(
            """{"type":"message","channel":"c","echo":false,"content":"_"}""".Replace(
                "_", new string('x', 60_000), StringComparison.Ordinal));
        await FloodAsync(client, large);
        Assert.Equal(4029, (await client.ReadUntilCloseAsync())!.CloseCode);
    }

    [Fact]
    public async Task A_client_that_goes_on_sending_after_it_was_closed_is_cut()
    {
        await using var server = await GatewayServer.StartAsync(DefaultRates);
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        byte[] large = RawWebSocket.Frame(Binary, new byte[60_000]);
        await Assert.ThrowsAsync<IOException>(async () =>
        {
            // The server takes far less of it, with all that the kernel holds.
            for (int sent = 0; sent < 500 << 20; sent += large.Length)
                await client.SendAsync(large);
        });
        await Eventually.TrueAsync(() => server.Connections.IsEmpty, "it is gone");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_message_of_endless_fragments_is_closed_with_1009_even_without_rate_limits(int bytes)
    {
        await using var server = await GatewayServer.StartAsync("Diagnostics:Echo=true", "Limits:MessageBytes=1000000");
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        await client.SendAsync(RawWebSocket.Frame(Text, [], fin: false));
        await FloodAsync(client, RawWebSocket.Frame(Continuation, new byte[bytes], fin: false));
        var close = await client.ReadUntilCloseAsync();
        Assert.Equal((1009, "message of at most 1000000 bytes has too many fragments"), (close!.CloseCode, close.CloseReason));
    }

    [Fact]
    public async Task Thousands_of_fragments_that_say_something_are_a_message()
    {
        await using var server = await GatewayServer.StartAsync("Diagnostics:Echo=true");
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort, "/echo");
        byte[] fragments =
            [.. Enumerable.Range(0, 10_000).SelectMany(i => RawWebSocket.Frame(i == 0 ? Text : Continuation, "x"u8, fin: i == 9_999))];
        await client.SendAsync(fragments);
        await TextAsync(client, new string('x', 10_000));
    }

    [Fact]
    public async Task Subscribing_and_unsubscribing_without_end_leaves_nothing_behind()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:room:Presence=true", "Namespaces:log:History=10");
        await using var client = await JsonClient.ConnectAsync(server);
        for (int round = 0; round < 20; round++)
        {
            var names = Enumerable.Range(0, 100).Select(i => $"{(i % 3 == 0 ? "room:" : i % 3 == 1 ? "log:" : "")}{round}-{i}").ToList();
            foreach (string name in names)
                await client.SendAsync($$"""{"type":"subscribe","channel":"{{name}}"}""");
            foreach (string name in names)
                await client.SendAsync($$"""{"type":"unsubscribe","channel":"{{name}}","id":"{{name}}"}""");
            await client.ReceiveUntilAsync(message => message.Has("id") && message.Text("id") == names[^1]);
            Assert.Equal(0, server.Channels.Count);
        }
    }

    /// <summary>Sends until the server takes no more or has hung up.</summary>
    private static async Task FloodAsync(RawWebSocket client, byte[] frame)
    {
        byte[] many = [.. Enumerable.Repeat(frame, Math.Max(1, 16_000 / frame.Length)).SelectMany(bytes => bytes)];
        try
        {
            for (int sent = 0; sent < 16 << 20; sent += many.Length)
                // The server reads at the limit, so megabytes may have to go before the kernel takes more.
                await client.SendAsync(many).WaitAsync(TimeSpan.FromSeconds(10));
        }
        catch (Exception failure) when (failure is IOException or TimeoutException or OperationCanceledException)
        {
        }
    }
}
