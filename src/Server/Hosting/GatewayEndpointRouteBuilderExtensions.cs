using Gateway.Server.Dialects.Native;
using Gateway.Server.Listening;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Serves the gateway on the ports of the application that it lives in.</summary>
public static class GatewayEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Serves the gateway's WebSockets at a path of the application, by HTTP/1.1 and HTTP/2. Tokens are better sent in a header, a
    /// subprotocol or the first message than in the query: ASP.NET Core logs URLs.
    /// </summary>
    /// <param name="endpoints">The application's routes.</param>
    /// <param name="pattern">The path, such as <c>/ws</c>.</param>
    /// <returns>The endpoint, for conventions such as <c>RequireHost</c>.</returns>
    /// <exception cref="InvalidOperationException"><c>AddGateway</c> was not called.</exception>
    public static IEndpointConventionBuilder MapGateway(this IEndpointRouteBuilder endpoints, string pattern = "/ws")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var upgrades = endpoints.ServiceProvider.GetService<UpgradeEndpoint>()
            ?? throw new InvalidOperationException(
                "MapGateway needs AddGateway: call builder.Services.AddGateway(builder.Configuration) first.");
        return endpoints.Map(pattern, upgrades.Embedded(endpoints.ServiceProvider.GetRequiredService<NativeDialectFactory>()));
    }
}
