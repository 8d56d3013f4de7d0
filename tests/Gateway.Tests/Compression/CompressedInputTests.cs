using Gateway.Server.Clock;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.Compression;

/// <summary>
/// Compressed messages of clients, over real sockets; how they may be cut and be wrong, the protocol's own tests have in full.
/// </summary>
public sealed class CompressedInputTests : IAsyncLifetime
{
    private const int Limit = 20_000;

    private readonly ManualTime _clock = new();
    private GatewayServer? _server;

    private GatewayServer Server => _server!;

    private Task<CompressingClient> EchoAsync(string? offer = CompressingClient.Offer) =>
        CompressingClient.OpenAsync(Server.PublicPort, "/echo", offer);

    public async ValueTask InitializeAsync() =>
        _server = await GatewayServer.StartAsync("Diagnostics:Echo=true", $"Limits:MessageBytes={Limit}");

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    [Fact]
    public async Task Messages_are_inflated_compressed_or_not_byte_by_byte_or_at_once()
    {
        await using var client = await EchoAsync();
        string text = new('é', Limit / 2);
        await client.Socket.SendAsync(CompressingClient.Frame(text));
        Assert.Equal(text, (await client.ReadAsync()).Text);
        await client.Socket.SendInPiecesAsync(CompressingClient.Frame("in pieces, each in a packet of its own"), 1);
        Assert.Equal("in pieces, each in a packet of its own", (await client.ReadAsync()).Text);
        await client.SendAsync("plain");
        Assert.Equal("plain", (await client.ReadAsync()).Text);
        // An empty message is an empty block.
        await client.Socket.SendAsync(RawWebSocket.Frame(Text, [0], rsv: 4));
        Assert.Equal("", (await client.ReadAsync()).Text);
    }

    [Fact]
    public async Task A_compressed_message_may_come_in_fragments_with_pings_between()
    {
        await using var client = await EchoAsync();
        byte[] deflated = Deflated.Of("a message in fragments");
        await client.Socket.SendAsync(RawWebSocket.Frame(Text, deflated.AsSpan(0, 5), fin: false, rsv: 4));
        await client.Socket.SendAsync(RawWebSocket.Frame(Ping, [1, 2]));
        await FrameAsync(client.Socket, Pong, [1, 2]);
        await client.Socket.SendAsync(RawWebSocket.Frame(Continuation, deflated.AsSpan(5, 3), fin: false));
        await client.Socket.SendAsync(RawWebSocket.Frame(Continuation, deflated.AsSpan(8)));
        Assert.Equal("a message in fragments", (await client.ReadAsync()).Text);
    }

    [Theory]
    [InlineData(Text, true, null, 1002)]
    [InlineData(Ping, true, CompressingClient.Offer, 1002)]
    [InlineData(Close, true, CompressingClient.Offer, 1002)]
    [InlineData(Continuation, false, CompressingClient.Offer, 1002)]
    public async Task The_bit_where_it_must_not_be_is_a_violation(int opcode, bool standsAlone, string? offer, int code)
    {
        await using var client = await EchoAsync(offer);
        if (!standsAlone)
            await client.Socket.SendAsync(RawWebSocket.Frame(Text, [0xF2], fin: false, rsv: 4));
        await client.Socket.SendAsync(RawWebSocket.Frame(opcode, [], rsv: 4));
        await FailureAsync(client.Socket, code);
    }

    [Fact]
    public async Task What_cannot_be_inflated_is_a_violation()
    {
        await using var client = await EchoAsync();
        await client.Socket.SendAsync(RawWebSocket.Frame(Text, [0xFF, 0xFF, 0xFF], rsv: 4));
        Assert.Equal("message is not valid deflated data", await FailureAsync(client.Socket, 1007));
    }

    [Fact]
    public async Task A_bomb_is_a_message_that_is_too_large()
    {
        await using var client = await EchoAsync();
        byte[] bomb = Deflated.Of(new byte[15_000_000]);
        Assert.InRange(bomb.Length, 1, Limit);
        await client.Socket.SendAsync(RawWebSocket.Frame(Binary, bomb, rsv: 4));
        Assert.Equal($"message exceeds {Limit} bytes", await FailureAsync(client.Socket, 1009));
    }

    [Fact]
    public async Task A_message_takes_as_much_of_the_byte_rate_as_it_is_inflated_to()
    {
        await using var server = await GatewayServer.StartAsync(
            ["Limits:BytesPerSecond=1000", "Limits:ByteBurst=10000", "Limits:MessageBytes=5000"],
            services => services.AddSingleton<TimeProvider>(_clock));
        await using var client = await CompressingClient.ConnectAsync(server.PublicPort);
        string ping = $$"""{"type":"ping","id":"{{new string('x', 4_000)}}"}""";
        Assert.InRange(CompressingClient.Frame(ping).Length, 1, 100);

        for (int i = 0; i < 2; i++)
        {
            await client.SendAsync(ping, isCompressed: true);
            await client.ReadAsync("pong");
        }
        await client.SendAsync(ping, isCompressed: true);

        var (error, _) = await client.ReadAsync("error");
        Assert.Equal("rate_limited", error.Text("code"));
    }

    [Fact]
    public async Task A_message_that_is_larger_on_the_wire_takes_what_it_has_there()
    {
        await using var server = await GatewayServer.StartAsync(
            ["Limits:BytesPerSecond=1000", "Limits:ByteBurst=1000"], services => services.AddSingleton<TimeProvider>(_clock));
        await using var client = await CompressingClient.ConnectAsync(server.PublicPort);
        // Blocks of nothing, 5 bytes each, before the message.
        byte[] padding = [.. Enumerable.Repeat<byte[]>([0, 0, 0, 0xFF, 0xFF], 150).SelectMany(block => block)];
        byte[] padded = [.. padding, .. Deflated.Of("""{"type":"ping"}""")];

        await client.Socket.SendAsync(RawWebSocket.Frame(Text, padded, rsv: 4));
        await client.ReadAsync("pong");
        await client.Socket.SendAsync(RawWebSocket.Frame(Text, padded, rsv: 4));

        Assert.Equal("rate_limited", (await client.ReadAsync("error")).Message.Text("code"));
    }

    [Fact]
    public async Task What_comes_in_is_counted_before_and_after()
    {
        using var measured = new Measurements(Server);
        await using var client = await EchoAsync();
        byte[] deflated = Deflated.Of(new string('a', 5_000));
        await client.Socket.SendAsync(RawWebSocket.Frame(Text, deflated, rsv: 4));
        await client.ReadAsync();
        await client.SendAsync("plain");
        await client.ReadAsync();

        Assert.Equal((deflated.Length, 5_000), (measured["gateway.inflate.input"], measured["gateway.inflate.output"]));
    }
}
