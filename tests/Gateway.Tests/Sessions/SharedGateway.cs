using Gateway.Server.Auth;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Sessions;

/// <summary>One gateway for all tests of a class; each uses channels of its own.</summary>
public sealed class SharedGateway : IAsyncLifetime
{
    private static int _channels;

    public GatewayServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await GatewayServer.StartAsync(
        [
            "Namespaces:log:History=20",
            "Namespaces:deep:History=5000",
            "Namespaces:room:Presence=true",
            "Namespaces:unpublished:Publish=nobody",
            "Namespaces:unread:Subscribe=nobody",
        ],
        services => services.AddSingleton<IAuthenticator, QueryAuthenticator>());

    /// <summary>A channel name that no other test uses.</summary>
    /// <param name="ofNamespace">Empty for the default namespace.</param>
    public static string NewChannel(string ofNamespace = "") =>
        $"{ofNamespace}{(ofNamespace.Length == 0 ? "" : ":")}c{Interlocked.Increment(ref _channels)}";

    public Task<JsonClient> ConnectAsync(string query = "") => JsonClient.ConnectAsync(Server, query);

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
