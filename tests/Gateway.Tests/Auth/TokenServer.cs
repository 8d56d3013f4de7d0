using Gateway.Server.Clock;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Auth;

/// <summary>A gateway that accepts tokens signed with one secret, on a clock that the test moves.</summary>
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
        // The test lets hours pass in an instant, in which no client could answer a ping.
        var server = await GatewayServer.StartAsync(
            ["Heartbeat:Ping=23:59:59", .. settings], services => services.AddSingleton<TimeProvider>(time));
        await Eventually.TrueAsync(
            () => time.Timers(dueWithin: server.Services.GetRequiredService<GatewayClock>().Period) > 0, "the clock of the gateway runs");
        return new TokenServer(server, time);
    }

    /// <summary>Connects as a user with a token that lasts for an hour.</summary>
    /// <param name="user">The user.</param>
    /// <param name="more">Further claims, each with a leading comma.</param>
    public Task<JsonClient> ConnectAsync(string user, string more = "") => WithAsync(Key.Token(user, Now.AddHours(1), more));

    /// <summary>Connects with this token in the query.</summary>
    public Task<JsonClient> WithAsync(string token) => JsonClient.ConnectAsync(Server, "?token=" + token);

    /// <summary>Connects without a token.</summary>
    public Task<JsonClient> OpenAsync() => JsonClient.OpenAsync(Server.WebSocketUri);

    /// <summary>Sends a handshake and returns its answer.</summary>
    public Task<HttpReply> AskAsync(string path = "/ws", params string[] headers) => AskAsync(Server, path, headers);

    public static async Task<HttpReply> AskAsync(GatewayServer server, string path, params string[] headers)
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await client.SendTextAsync(RawWebSocket.UpgradeRequest(path, headers));
        return await client.ReadReplyAsync();
    }

    /// <summary>Stops the gateway after waiting until no client is connected: the drain would wait for a clock that stands still.</summary>
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
