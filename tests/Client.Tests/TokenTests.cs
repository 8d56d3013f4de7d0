using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Protocol.WebSockets;
using Gateway.TestSupport;

namespace Gateway.Client.Tests;

/// <summary>Signing in, refreshing, and what a client does when its token is refused.</summary>
public sealed class TokenTests
{
    private const string Secret = "a secret that is long enough for HMAC";
    private const string Rights = ""","channels":{"*":["subscribe","publish","history","presence"]}""";

    private static readonly SigningKey Key = SigningKey.OfSecret(Secret);

    [Fact]
    public async Task The_token_is_refreshed_ahead_of_its_expiry_and_the_connection_stays()
    {
        await using var server = await TimedServer.StartAsync(Secret);
        var time = server.Time;
        int tokens = 0;
        await using var client = new GatewayClient(
            Options(server.Url, time) with { Token = _ => { tokens++; return Token(time, seconds: 120); } });
        int connections = 0;
        client.StateChanged += change => connections += change.State == ConnectionState.Connected ? 1 : 0;
        await client.ConnectAsync(Clients.Deadline);

        await AdvanceUntilAsync(time, client, () => tokens == 4);

        await client.PublishAsync("news", 1, cancellationToken: Clients.Deadline);
        Assert.Equal(1, connections);
    }

    [Fact]
    public async Task Where_the_clock_is_wrong_the_announced_expiry_has_the_token_refreshed()
    {
        await using var server = await TimedServer.StartAsync(Secret);
        var (time, slow) = (server.Time, new ManualTime());
        int tokens = 0;
        await using var client = new GatewayClient(
            Options(server.Url, slow) with { Token = _ => { tokens++; return Token(time, seconds: 60); } });
        await client.ConnectAsync(Clients.Deadline);
        var lost = client.NextAsync(ConnectionState.Waiting);

        time.Advance(TimeSpan.FromSeconds(60));
        await AdvanceUntilAsync(slow, client, () => tokens == 2);
        await client.PublishAsync("news", 1, cancellationToken: Clients.Deadline);
        await client.PublishAsync("news", 2, cancellationToken: Clients.Deadline);
        time.Advance(TimeSpan.FromSeconds(30));
        await client.PublishAsync("news", 3, cancellationToken: Clients.Deadline);

        Assert.False(lost.IsCompleted);
    }

    [Fact]
    public async Task A_token_that_expired_for_good_is_replaced_by_a_new_connection_and_nothing_is_lost()
    {
        await using var server = await TimedServer.StartAsync(Secret);
        var time = server.Time;
        bool away = false;
        await using var client = new GatewayClient(Options(server.Url, TimeProvider.System) with
        {
            Token = _ => away ? throw new HttpRequestException("the backend is away") : Token(time, seconds: 60),
        });
        await using var log = client.Subscribe<int>("log:1");
        await log.Started.WaitAsync(Clients.Deadline);
        var lost = client.NextAsync(ConnectionState.Waiting);

        away = true;
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                return lost.IsCompleted;
            },
            "the gateway gave up");
        var publishing = client.PublishAsync("log:1", 1, cancellationToken: Clients.Deadline);
        away = false;

        Assert.Equal(4010, (await lost).CloseCode);
        Assert.Equal(1, (await publishing)!.Value.Seq);
        Assert.Equal([1], await log.TakeAsync(1));
    }

    [Fact]
    public async Task A_refused_token_is_tried_again_only_if_the_callback_has_another()
    {
        await using var server = await GatewayServer.StartAsync([.. Clients.Settings, "Auth:Secret=" + Secret]);
        var tokens = new Queue<string>(["bad", Key.Token("ann", more: Rights)]);
        await using var patient = new GatewayClient(
            Options(server.WebSocketUri, TimeProvider.System) with { Token = _ => new(tokens.Dequeue()) });
        await using var stubborn = new GatewayClient(Options(server.WebSocketUri, TimeProvider.System) with { Token = _ => new("bad") });
        await using var nameless = Clients.To(server);

        await patient.ConnectAsync(Clients.Deadline);

        Assert.Equal(
            GatewayErrorCode.Unauthorized,
            (await Assert.ThrowsAsync<GatewayException>(() => stubborn.ConnectAsync(Clients.Deadline))).Code);
        Assert.Equal(ConnectionState.Closed, stubborn.State);
        Assert.Equal(ConnectionState.Connected, patient.State);
    }

    [Fact]
    public async Task What_is_wrong_with_a_token_is_in_the_exception_and_in_every_state_until_then()
    {
        const string Words = "the token is for another audience";
        await using var server = await GatewayServer.StartAsync([.. Clients.Settings, "Auth:Secret=" + Secret, "Auth:Audience=here"]);
        string token = Key.Token("ann", more: ""","aud":"elsewhere" """);
        await using var client = new GatewayClient(Options(server.WebSocketUri, TimeProvider.System) with { Token = _ => new(token) });
        var (waiting, closed) = (client.NextAsync(ConnectionState.Waiting), client.NextAsync(ConnectionState.Closed));

        var failure = await Assert.ThrowsAsync<GatewayException>(() => client.ConnectAsync(Clients.Deadline));

        Assert.Equal(GatewayErrorCode.Unauthorized, failure.Code);
        foreach (string? said in new[] { failure.Message, (await waiting).Reason, (await closed).Reason })
            Assert.Contains(Words, said, StringComparison.Ordinal);
        Assert.DoesNotContain(token.Split('.')[1], failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_token_that_is_required_the_gateway_says_so_and_no_network_is_blamed()
    {
        await using var server = await GatewayServer.StartAsync([.. Clients.Settings, "Auth:Secret=" + Secret, "Auth:Timeout=00:00:01"]);
        await using var client = Clients.To(server);
        bool waited = false;
        client.StateChanged += change => waited |= change.State == ConnectionState.Waiting;

        var failure = await Assert.ThrowsAsync<GatewayException>(() => client.ConnectAsync(Clients.Deadline));

        Assert.Equal((GatewayErrorCode.Unauthorized, 4001), (failure.Code, failure.CloseCode));
        Assert.Contains("no token within 1 s", failure.Message, StringComparison.Ordinal);
        Assert.False(waited);
    }

    [Fact]
    public async Task So_it_is_with_the_defaults_of_both_sides()
    {
        await using var server = await GatewayServer.StartAsync([.. Clients.Settings, "Auth:Secret=" + Secret]);
        await using var client = Clients.To(server);

        var failure = await Assert.ThrowsAsync<GatewayException>(() => client.ConnectAsync(Clients.Deadline));

        Assert.Equal((GatewayErrorCode.Unauthorized, 4001), (failure.Code, failure.CloseCode));
        Assert.Contains("no token within 10 s", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Last_words_count_although_the_connection_breaks_right_behind_them()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var client = Clients.To(((IPEndPoint)listener.LocalEndpoint).Port);
        var connecting = client.ConnectAsync(Clients.Deadline);

        using (var socket = await listener.AcceptSocketAsync(Clients.Deadline))
            await RefuseAndBreakAsync(socket, "the token is for another audience");

        var failure = await Assert.ThrowsAsync<GatewayException>(() => connecting);
        Assert.Equal((GatewayErrorCode.Unauthorized, 4001), (failure.Code, failure.CloseCode));
        Assert.Contains("the token is for another audience", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_token_does_not_allow_is_thrown_and_leaves_the_connection_open()
    {
        await using var server = await GatewayServer.StartAsync([.. Clients.Settings, "Auth:Secret=" + Secret]);
        string token = Key.Token("ann", more: ""","channels":{"news":["publish"]}""");
        await using var client = new GatewayClient(Options(server.WebSocketUri, TimeProvider.System) with { Token = _ => new(token) });
        await using var secret = client.Subscribe<int>("secret");

        Assert.Equal(
            GatewayErrorCode.Forbidden,
            (await Assert.ThrowsAsync<GatewayException>(() => secret.Started.WaitAsync(Clients.Deadline))).Code);
        Assert.Equal(GatewayErrorCode.Forbidden, (await Assert.ThrowsAsync<GatewayException>(() => secret.TakeAsync(1))).Code);
        Assert.Equal(GatewayErrorCode.Forbidden, (await Assert.ThrowsAsync<GatewayException>(() => client.PublishAsync("secret", 1))).Code);
        Assert.Null(await client.PublishAsync("news", 1, cancellationToken: Clients.Deadline));
    }

    [Fact]
    public async Task A_channels_own_token_opens_that_channel()
    {
        await using var server = await GatewayServer.StartAsync([.. Clients.Settings, "Auth:Secret=" + Secret]);
        await using var client = new GatewayClient(
            Options(server.WebSocketUri, TimeProvider.System) with { Token = _ => new(Key.Token("ann")) });
        string token = Key.Token("ann", DateTimeOffset.UtcNow.AddMinutes(5), ""","channel":"secret" """);

        await using var secret = client.Subscribe<int>("secret", new SubscribeOptions { Token = _ => new(token) });

        Assert.Null(await secret.Started.WaitAsync(Clients.Deadline));
    }

    /// <summary>Accepts the upgrade, announces the close by <c>disconnect</c>, and ends the connection without a close frame.</summary>
    private static async Task RefuseAndBreakAsync(Socket socket, string reason)
    {
        string message = $$"""{"type":"disconnect","code":4001,"reason":"{{reason}}","reconnect":false}""";
        var head = new StringBuilder();
        byte[] buffer = new byte[4096];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            head.Append(Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, Clients.Deadline)));
        string key = head.ToString().Split("Sec-WebSocket-Key: ")[1].Split("\r\n")[0];
        string answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + $"Sec-WebSocket-Protocol: gateway.v1.json\r\nSec-WebSocket-Accept: {UpgradeResponse.AcceptKey(key)}\r\n\r\n";
        // A text frame of less than 126 bytes (RFC 6455 section 5.2).
        byte[] frame = [0x81, (byte)message.Length, .. Encoding.ASCII.GetBytes(message)];
        await socket.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(answer), .. frame], Clients.Deadline);
    }

    private static GatewayClientOptions Options(Uri url, TimeProvider time) => new() { Url = url, Time = time };

    private static ValueTask<string?> Token(ManualTime time, int seconds) =>
        new(Key.Token("ann", time.GetUtcNow().AddSeconds(seconds), Rights));

    /// <summary>
    /// Moves the clock second by second, and waits for an answer from the gateway each time, so that no refresh is late on a busy machine.
    /// </summary>
    private static Task AdvanceUntilAsync(ManualTime time, GatewayClient client, Func<bool> condition) => Eventually.TrueAsync(
        async () =>
        {
            for (int i = 0; i < 10 && !condition(); i++)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                await client.PublishAsync("tick", 1, cancellationToken: Clients.Deadline);
            }
            return condition();
        },
        "enough time has passed");
}
