using Gateway.Server.Hosting;
using Gateway.Server.Hosting.Settings;
using Gateway.Server.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds a gateway to an application.</summary>
public static class GatewayServiceCollectionExtensions
{
    /// <summary>
    /// Adds a gateway that lives as long as the application. It listens on ports of its own where <c>Gateway:Public</c> and
    /// <c>Gateway:Internal</c> are set, and on the application's where <c>MapGateway</c> maps it. It changes nothing about the application:
    /// logging, JSON, routes, environment and deadlines stay as they are.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configuration">The application's configuration; the gateway's settings stand under <c>Gateway</c>.</param>
    /// <returns>The same services.</returns>
    /// <exception cref="InvalidOperationException">
    /// Some setting cannot be used: the message lists all of them. Or there is a gateway already.
    /// </exception>
    public static IServiceCollection AddGateway(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        var options = GatewayOptionsReader.Read(configuration, new GatewayOptions { Public = null, Internal = null });
        return services.AddGateway(options).AddHostedService<StartWarnings>();
    }
}
