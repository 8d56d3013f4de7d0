using Gateway.TestSupport;

namespace Gateway.Client.Tests;

/// <summary>Clients for the tests, and the steps that tests share. Stateless.</summary>
internal static class Clients
{
    /// <summary>
    /// The settings of these tests' gateways: the namespace <c>log</c> has history, <c>room</c> has presence, and no client is too fast.
    /// </summary>
    public static readonly string[] Settings =
    [
        "Namespaces:log:History=10000", "Namespaces:short:History=3", "Namespaces:room:Presence=true",
        "Limits:MessagesPerSecond=1000000", "Limits:MessageBurst=1000000",
    ];

    private const string Secret = "a secret that is long enough for HMAC";

    /// <summary><see cref="Settings"/> for clients that sign in, whose idempotency keys outlive a connection.</summary>
    public static readonly string[] SignedSettings = [.. Settings, "Auth:Secret=" + Secret];

    /// <summary>The time after which a failing test gives up.</summary>
    public static CancellationToken Deadline => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    public static Uri Url(int port) => new($"ws://127.0.0.1:{port}/ws");

    public static GatewayClient To(int port) => new(new GatewayClientOptions { Url = Url(port) });

    /// <summary>A client of a user who may do everything.</summary>
    public static GatewayClient To(int port, string user)
    {
        string claims = $$$"""{"sub":"{{{user}}}","channels":{"*":["subscribe","publish","history","presence"]}}""";
        string token = SigningKey.OfSecret(Secret).Sign(claims);
        return new GatewayClient(new GatewayClientOptions { Url = Url(port), Token = _ => ValueTask.FromResult<string?>(token) });
    }

    public static GatewayClient To(GatewayServer server) => To(server.PublicPort);

    /// <summary>Reads the contents of the next messages.</summary>
    public static async Task<List<T>> TakeAsync<T>(this Subscription<T> subscription, int count)
    {
        var contents = new List<T>(count);
        await foreach (var message in subscription.WithCancellation(Deadline))
        {
            contents.Add(message.Content!);
            if (contents.Count == count)
                break;
        }
        return contents;
    }

    /// <summary>Publishes consecutive numbers, without waiting in between.</summary>
    public static Task<Position?[]> PublishManyAsync(this GatewayClient client, string channel, int first, int count) =>
        Task.WhenAll(Enumerable.Range(first, count).Select(number => client.PublishAsync(channel, number, cancellationToken: Deadline)));

    /// <summary>Completes when the client enters a state, from now on.</summary>
    public static Task<ConnectionStateChange> NextAsync(this GatewayClient client, ConnectionState state, TimeSpan? within = null)
    {
        var reached = new TaskCompletionSource<ConnectionStateChange>(TaskCreationOptions.RunContinuationsAsynchronously);
        client.StateChanged += change =>
        {
            if (change.State == state)
                reached.TrySetResult(change);
        };
        return within is { } limit ? reached.Task.WaitAsync(limit) : reached.Task.WaitAsync(Deadline);
    }
}
