using Gateway.Server.Auth;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Api;

/// <summary>One gateway for all tests of a class; each uses channels and users of its own.</summary>
public sealed class ApiGateway : IAsyncLifetime
{
    public GatewayServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await GatewayServer.StartAsync(
        [
            "Namespaces:log:History=50", "Namespaces:room:Presence=true",
            "Namespaces:closed:Publish=nobody", "Namespaces:closed:Subscribe=anyone",
        ],
        services => services.AddSingleton<IAuthenticator, QueryAuthenticator>());

    public Task<JsonClient> ConnectAsync(string user) => JsonClient.ConnectAsync(Server, "?user=" + user);

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
