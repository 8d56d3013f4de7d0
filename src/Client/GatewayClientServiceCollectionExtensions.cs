using Gateway.Client;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds a <see cref="GatewayClient"/> to a container.</summary>
public static class GatewayClientServiceCollectionExtensions
{
    /// <summary>Adds one client for the whole application. It connects with its first use, and logs to the container's loggers.</summary>
    /// <param name="services">The container.</param>
    /// <param name="options">Makes the options at the client's first use, with services such as the one that fetches tokens.</param>
    public static IServiceCollection AddGatewayClient(
        this IServiceCollection services, Func<IServiceProvider, GatewayClientOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return services.AddSingleton(provider =>
        {
            var given = options(provider);
            var loggers = given.LoggerFactory ?? provider.GetService<ILoggerFactory>();
            return new GatewayClient(given with { LoggerFactory = loggers });
        });
    }

    /// <inheritdoc cref="AddGatewayClient(IServiceCollection, Func{IServiceProvider, GatewayClientOptions})"/>
    public static IServiceCollection AddGatewayClient(this IServiceCollection services, GatewayClientOptions options) =>
        services.AddGatewayClient(_ => options);
}
