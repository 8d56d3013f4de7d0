using Gateway.Protocol.WebSockets;
using Gateway.Server.Admission;
using Gateway.Server.Connections;
using Gateway.TestSupport;
using Gateway.Tests.Http;
using Microsoft.Extensions.DependencyInjection;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.WebSockets;

/// <summary>
/// Half-closing after a violation, as in protocol under "Closing", for every kind of connection. The clock stands still: a server that
/// waited for anything but the client's own end would wait without end.
/// </summary>
public sealed class HalfCloseTests : IAsyncLifetime
{
    private const byte Alert = 21;

    private readonly TestCertificate _certificate = new();
    private readonly MemoryStream _records = new();
    private readonly ManualTime _clock = new();
    private GatewayServer? _server;

    public enum Way
    {
        /// <summary>A WebSocket on its own socket.</summary>
        Plain,

        /// <summary>A WebSocket through TLS.</summary>
        Tls,

        /// <summary>A WebSocket on a stream that the HTTP server lends, as the upgrade was not the connection's first request.</summary>
        Lent,

        /// <summary>A WebSocket on such a stream, through TLS.</summary>
        LentTls,
    }

    private GatewayServer Server => _server!;

    private ConnectionLimits Limits => Server.Services.GetRequiredService<ConnectionLimits>();

    public static TheoryData<Way, int, byte[]> Violations()
    {
        (int Code, byte[] Sent)[] violations =
        [
            (1002, [0x83]),
            (1003, RawWebSocket.Frame(Binary, [1])),
            (1007, RawWebSocket.Frame(Text, [0xFF])),
            (1009, RawWebSocket.Frame(Text, new byte[70_000])),
        ];
        var all = new TheoryData<Way, int, byte[]>();
        foreach (var way in Enum.GetValues<Way>())
        {
            foreach (var (code, sent) in violations)
                all.Add(way, code, sent);
        }
        return all;
    }

    public ValueTask InitializeAsync() => default;

    private async Task<RawWebSocket> ConnectAsync(Way way, string path = "/ws")
    {
        bool isTls = way is Way.Tls or Way.LentTls;
        _server ??= await GatewayServer.StartAsync(
            [.. isTls ? _certificate.Pem : [], "Diagnostics:Echo=true", "Limits:ConnectionsPerAddress=1"],
            services => services.AddSingleton<TimeProvider>(_clock));
        int port = Server.PublicPort;
        var client = await (isTls ? RawWebSocket.ConnectTlsAsync(port, _records) : RawWebSocket.ConnectTcpAsync(port));
        if (way is Way.Lent or Way.LentTls)
        {
            await client.SendTextAsync(HttpRequests.Get("/health/live"));
            Assert.Equal(200, (await client.ReadReplyAsync()).Status);
        }
        await client.SendTextAsync(RawWebSocket.UpgradeRequest(path));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        return client;
    }

    [Theory]
    [MemberData(nameof(Violations))]
    public async Task The_stream_ends_behind_the_close_frame_the_place_is_free_and_what_still_comes_is_dropped(
        Way way, int code, byte[] sent)
    {
        await using var client = await ConnectAsync(way);
        await FrameAsync(client, Text);
        await client.SendAsync(sent);
        Assert.Contains("disconnect", (await FrameAsync(client, Text)).Text, StringComparison.Ordinal);
        Assert.Equal(code, (await FrameAsync(client, Expect.Close)).CloseCode);
        await EndOfStreamAsync(client);
        if (way is Way.Tls or Way.LentTls)
            Assert.Equal(Alert, LastRecord());

        Assert.Equal((0, 0, 0), Limits.Counts);
        await using (var another = await ConnectAsync(way))
            await FrameAsync(another, Text);

        // A socket that was closed, not half-closed, would reset under this.
        for (int i = 0; i < 50; i++)
            await client.SendAsync(new byte[30_000]);
        client.FinishSending();
        await Eventually.TrueAsync(() => Server.Connections.IsEmpty, "the connection is gone when the client has ended its side too");
    }

    [Theory]
    [InlineData(Way.Plain)]
    [InlineData(Way.Tls)]
    [InlineData(Way.Lent)]
    [InlineData(Way.LentTls)]
    public async Task A_message_too_large_is_let_come_to_its_end_before_the_close_frame(Way way)
    {
        await using var client = await ConnectAsync(way, "/echo");
        byte[] frame = RawWebSocket.Frame(Text, new byte[1_000_000], fin: false);
        byte[] end = RawWebSocket.Frame(Continuation, new byte[1_000]);
        await client.SendAsync(frame);
        await client.SendAsync(end.AsMemory(0, 500));
        await Eventually.TrueAsync(() => Server.Connections.All().SingleOrDefault() is { IsClosing: true }, "it is refused");
        Assert.Equal(0, client.Socket.Available);
        await client.SendAsync(end.AsMemory(500));
        Assert.Equal(1009, (await FrameAsync(client, Expect.Close)).CloseCode);
        await EndOfStreamAsync(client);
        client.FinishSending();
        await Eventually.TrueAsync(() => Server.Connections.IsEmpty, "the connection is gone");
    }

    [Theory]
    [InlineData(new byte[] { 0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 1 }, 0)]
    [InlineData(new byte[] { 0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 1, 1, 2, 3, 4 }, 30_000)]
    public async Task A_message_too_large_whose_rest_does_not_come_is_not_waited_for(byte[] header, int begun)
    {
        await using var client = await ConnectAsync(Way.Plain, "/echo");
        await client.SendAsync((byte[])[.. header, .. new byte[begun]]);
        await Eventually.TrueAsync(() => Server.Connections.All().SingleOrDefault() is { IsClosing: true }, "it is refused");
        var closed = FrameAsync(client, Expect.Close);
        await Eventually.TrueAsync(
            () =>
            {
                // Long enough for this pause, and for no deadline of the server.
                _clock.Advance(TimeSpan.FromMilliseconds(1));
                return closed.IsCompleted;
            },
            "it is closed");
        Assert.Equal(1009, (await closed).CloseCode);
        await EndOfStreamAsync(client);
    }

    [Fact]
    public async Task A_message_too_large_that_was_on_its_way_when_the_server_closed_is_dropped_too()
    {
        await using var client = await ConnectAsync(Way.Plain, "/echo");
        await StillOpenAsync(client);
        Assert.Single(Server.Connections.All()).RequestClose(new CloseRequest(new CloseStatus(CloseCode.Forbidden, "thrown out")));
        Assert.Equal(4003, (await FrameAsync(client, Expect.Close)).CloseCode);
        byte[] large = RawWebSocket.Frame(Binary, new byte[1_000_000]);
        for (int i = 0; i < 5; i++)
            await client.SendAsync(large);
        await EndOfStreamAsync(client);
        client.FinishSending();
        await Eventually.TrueAsync(() => Server.Connections.IsEmpty, "the connection is gone");
    }

    [Fact]
    public async Task A_client_that_never_ends_its_side_is_cut()
    {
        await using var client = await ConnectAsync(Way.Plain, "/echo");
        await client.SendAsync(new byte[] { 0x83 });
        Assert.Equal(1002, (await FrameAsync(client, Expect.Close)).CloseCode);
        await EndOfStreamAsync(client);
        Assert.False(Server.Connections.IsEmpty);
        await Eventually.TrueAsync(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return Server.Connections.IsEmpty;
            },
            "the connection is gone");
    }

    /// <summary>The kind of the last TLS record that came.</summary>
    private byte LastRecord()
    {
        byte[] records = _records.ToArray();
        byte kind = 0;
        for (int at = 0; at < records.Length; at += 5 + (records[at + 3] << 8) + records[at + 4])
            kind = records[at];
        return kind;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _certificate.Dispose();
        _records.Dispose();
    }
}
