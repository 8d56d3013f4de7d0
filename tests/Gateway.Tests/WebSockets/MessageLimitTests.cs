using Gateway.TestSupport;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.WebSockets;

/// <summary><c>Limits:MessageBytes</c>, with close code 1009 that names the limit.</summary>
public sealed class MessageLimitTests(MessageLimitTests.SmallServer server) : IClassFixture<MessageLimitTests.SmallServer>
{
    private const string Reason = "message exceeds 1000 bytes";

    [Theory]
    [InlineData(Text)]
    [InlineData(Binary)]
    public async Task A_message_of_exactly_the_limit_is_taken(int opcode)
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.Frame(opcode, TextBytes(1000)));
        await FrameAsync(client, opcode, TextBytes(1000));
        await client.SendAsync(RawWebSocket.Frame(opcode, TextBytes(600), fin: false));
        await client.SendAsync(RawWebSocket.Frame(Continuation, [.. Enumerable.Repeat((byte)'x', 400)]));
        await FrameAsync(client, opcode, [.. TextBytes(600), .. Enumerable.Repeat((byte)'x', 400)]);
    }

    [Theory]
    [InlineData(Text)]
    [InlineData(Binary)]
    public async Task A_message_of_one_byte_more_is_refused(int opcode)
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.Frame(opcode, TextBytes(1001)));
        Assert.Equal(Reason, await FailureAsync(client, 1009));
    }

    [Theory]
    [InlineData(new byte[] { 0x82, 0xFE, 0x03, 0xE9 })]
    [InlineData(new byte[] { 0x81, 0xFE, 0xFF, 0xFF })]
    [InlineData(new byte[] { 0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0 })]
    [InlineData(new byte[] { 0x81, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF })]
    public async Task The_length_in_the_header_is_enough_to_refuse(byte[] header)
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(header);
        Assert.Equal(Reason, await FailureAsync(client, 1009));
    }

    [Fact]
    public async Task The_sum_of_the_fragments_counts()
    {
        await using var client = await server.ConnectAsync();
        for (int i = 0; i < 10; i++)
            await client.SendAsync(RawWebSocket.Frame(i == 0 ? Binary : Continuation, Bytes(100), fin: false));
        await client.SendAsync(new byte[] { 0x80, 0x81 });
        Assert.Equal(Reason, await FailureAsync(client, 1009));
    }

    [Fact]
    public async Task Empty_fragments_beyond_a_full_message_cost_nothing()
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.Frame(Binary, Bytes(1000), fin: false));
        for (int i = 0; i < 1000; i++)
            await client.SendAsync(RawWebSocket.Frame(Continuation, [], fin: false));
        await client.SendAsync(RawWebSocket.Frame(Continuation, []));
        await FrameAsync(client, Binary, Bytes(1000));
    }

    [Fact]
    public async Task Control_frames_between_fragments_do_not_count()
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.Frame(Binary, Bytes(999), fin: false));
        await client.SendAsync(RawWebSocket.Frame(Ping, Bytes(125)));
        await FrameAsync(client, Pong, Bytes(125));
        await client.SendAsync(RawWebSocket.Frame(Continuation, [7]));
        await FrameAsync(client, Binary, [.. Bytes(999), 7]);
    }

    [Fact]
    public async Task The_limit_counts_anew_for_each_message()
    {
        await using var client = await server.ConnectAsync();
        for (int i = 0; i < 20; i++)
        {
            await client.SendAsync(RawWebSocket.Frame(Binary, Bytes(900)));
            await FrameAsync(client, Binary, Bytes(900));
        }
    }

    [Fact]
    public async Task A_client_that_sends_the_whole_large_message_first_still_learns_why_it_is_refused()
    {
        await using var client = await server.ConnectAsync();
        await client.SendAsync(RawWebSocket.Frame(Binary, Bytes(8 << 20)));
        Assert.Equal(Reason, await FailureAsync(client, 1009));
    }

    public sealed class SmallServer : IAsyncLifetime
    {
        private GatewayServer? _gateway;

        public Task<RawWebSocket> ConnectAsync() => RawWebSocket.ConnectAsync(_gateway!.PublicPort, "/echo");

        public async ValueTask InitializeAsync() =>
            _gateway = await GatewayServer.StartAsync("Diagnostics:Echo=true", "Limits:MessageBytes=1000");

        public ValueTask DisposeAsync() => _gateway!.DisposeAsync();
    }
}
