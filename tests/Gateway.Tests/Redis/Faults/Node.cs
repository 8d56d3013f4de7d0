using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Redis.Faults;

/// <summary>Starting gateways on a Redis, and reading their readiness as a load balancer does. Stateless.</summary>
internal static class Node
{
    /// <summary>The messages that the namespace <c>log</c> keeps of each channel.</summary>
    public const int Kept = 10_000;

    private static readonly HttpClient Http = new() { Timeout = Eventually.Limit };

    /// <summary>The namespaces every node here has: <c>log</c> with history, <c>room</c> with presence; all others have neither.</summary>
    public static string[] Settings(string addresses, params string[] more) =>
        [$"Redis:Addresses={addresses}", $"Namespaces:log:History={Kept}", "Namespaces:room:Presence=true", .. more];

    /// <summary>Starts a node in this process and waits until it is ready. The query names a connection's user.</summary>
    public static async Task<GatewayServer> StartAsync(string addresses, params string[] more)
    {
        var node = await LaunchAsync(addresses, more);
        await node.IsReadyAsync();
        // A node is ready with one of several servers.
        await Eventually.TrueAsync(
            () => node.Services.GetRequiredService<IBackplane>().Degradation is null, "the node is connected to every server");
        return node;
    }

    /// <summary>Starts a node without waiting until it is ready.</summary>
    public static Task<GatewayServer> LaunchAsync(string addresses, params string[] more) =>
        GatewayServer.StartAsync(Settings(addresses, more), services => services.AddSingleton<IAuthenticator, QueryAuthenticator>());

    public static Task IsReadyAsync(this GatewayServer node) => AnswersAsync(node.PublicPort, 200);

    /// <summary>Waits until a node in a process of its own is ready. It serves before it is connected to Redis.</summary>
    public static Task IsReadyAsync(this GatewayProcess node) => AnswersAsync(node.PublicPort, 200);

    public static Task IsNotReadyAsync(this GatewayServer node) => AnswersAsync(node.PublicPort, 503);

    private static Task AnswersAsync(int port, int status) => Eventually.TrueAsync(
        async () =>
        {
            using var reply = await Http.GetAsync(new Uri($"http://127.0.0.1:{port}/health/ready"));
            return (int)reply.StatusCode == status;
        },
        $"/health/ready answers {status}");
}
