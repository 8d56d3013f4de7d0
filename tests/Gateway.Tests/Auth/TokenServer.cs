using Gateway.Server.Clock;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Auth;

/// <summary>A gateway that believes tokens signed with one secret, with a clock that a test moves.</summary>
public sealed class TokenServer : IAsyncDisposable
{
    public const string Secret = "a secret that is long enough for HMAC";

    private TokenServer(GatewayServer server, ManualTime time)
    {
        (Server, Time) = (server, time);
    }

    public static SigningKey Key { get; } = SigningKey.OfSecret(Secret);

    public GatewayServer Server { get; }

    public ManualTime Time { get; }

    public DateTimeOffset Now => Time.GetUtcNow();

    /// <param name="settings">Beside the secret.</param>
    public static Task<TokenServer> StartAsync(params string[] settings) => StartWithAsync(["Auth:Secret=" + Secret, .. settings]);

    /// <param name="settings">All of them.</param>
    public static async Task<TokenServer> StartWithAsync(params string[] settings)
    {
        var time = new ManualTime();
        // Hours pass in an instant here, in which no client could answer a ping.
        var server = await GatewayServer.StartAsync(
            ["Heartbeat:Ping=23:59:59", .. settings], services => services.AddSingleton<TimeProvider>(time));
        await Eventually.TrueAsync(
            () => time.Timers(dueWithin: server.Services.GetRequiredService<GatewayClock>().Period) > 0, "the clock of the gateway runs");
        return new TokenServer(server, time);
    }

    /// <summary>A connection of a user whose token lasts for an hour.</summary>
    /// <param name="user">The user.</param>
    /// <param name="more">Further claims, each with a leading comma.</param>
    public Task<JsonClient> ConnectAsync(string user, string more = "") => WithAsync(Key.Token(user, Now.AddHours(1), more));

    /// <summary>A connection with this token in the query.</summary>
    public Task<JsonClient> WithAsync(string token) => JsonClient.ConnectAsync(Server, "?token=" + token);

    /// <summary>A connection that has not said who it is.</summary>
    public Task<JsonClient> OpenAsync() => JsonClient.OpenAsync(Server.WebSocketUri);

    /// <summary>What a handshake is answered with.</summary>
    public Task<HttpReply> AskAsync(string path = "/ws", params string[] headers) => AskAsync(Server, path, headers);

    public static async Task<HttpReply> AskAsync(GatewayServer server, string path, params string[] headers)
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await client.SendTextAsync(RawWebSocket.UpgradeRequest(path, headers));
        return await client.ReadReplyAsync();
    }

    /// <summary>Waits until nobody is connected first: the drain would wait for the clock, which stands still.</summary>
    public async ValueTask DisposeAsync()
    {
        await Eventually.TrueAsync(
            () =>
            {
                Time.Advance(TimeSpan.FromSeconds(1));
                return Server.Connections.Count == 0;
            },
            "the clients of the test have left");
        await Server.DisposeAsync();
    }
}
