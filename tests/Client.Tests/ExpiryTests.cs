using Gateway.TestSupport;

namespace Gateway.Client.Tests;

/// <summary>
/// Tokens that end while a real gateway looks on, by the real clock: it closes 25 s after a token's end, so all of it is one test.
/// </summary>
public sealed class ExpiryTests
{
    private const string Secret = "a secret that is long enough for HMAC";

    private static readonly SigningKey Key = SigningKey.OfSecret(Secret);

    [Fact]
    public async Task A_token_that_is_renewed_costs_nothing_and_one_that_is_not_the_connection_but_no_message()
    {
        await using var gateway = await GatewayProcess.StartAsync([.. Clients.Settings, "Auth:Secret=" + Secret]);
        int annsTokens = 0;
        bool isBackendAway = false;
        await using var ann = Client(gateway, () => { annsTokens++; return Token("ann", seconds: 12); });
        await using var bob = Client(
            gateway, () => isBackendAway ? throw new HttpRequestException("the backend is away") : Token("bob", seconds: 2));
        await using var log = bob.Subscribe<int>("log:1", new SubscribeOptions { Buffer = 10_000 });
        await Task.WhenAll(log.Started, ann.ConnectAsync()).WaitAsync(Clients.Deadline);
        var (annLost, bobLost) = (
            ann.NextAsync(ConnectionState.Waiting, TimeSpan.FromMinutes(2)),
            bob.NextAsync(ConnectionState.Waiting, TimeSpan.FromMinutes(2)));
        isBackendAway = true;

        int count = 0;
        while (!bobLost.IsCompleted)
        {
            await ann.PublishAsync("log:1", ++count, cancellationToken: Clients.Deadline);
            await Task.Delay(50);
        }
        for (int more = 0; more < 20; more++)
            await ann.PublishAsync("log:1", ++count, cancellationToken: Clients.Deadline);
        isBackendAway = false;

        Assert.Equal(4010, (await bobLost).CloseCode);
        Assert.Equal(Enumerable.Range(1, count), await log.TakeAsync(count));
        Assert.True(annsTokens > 2, $"{annsTokens} tokens");
        Assert.False(annLost.IsCompleted);
    }

    private static GatewayClient Client(GatewayProcess gateway, Func<string> token) =>
        new(new GatewayClientOptions { Url = gateway.WebSocketUri, Token = _ => new(token()) });

    private static string Token(string user, int seconds) =>
        Key.Token(user, DateTimeOffset.UtcNow.AddSeconds(seconds), ""","channels":{"*":["subscribe","publish","history","presence"]}""");
}
