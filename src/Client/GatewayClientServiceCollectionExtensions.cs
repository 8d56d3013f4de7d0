using Gateway.Client;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Stateless. Puts a <see cref="GatewayClient"/> into a container.</summary>
public static class GatewayClientServiceCollectionExtensions
{
    /// <summary>Adds one client for the whole application, which connects with its first use and logs to the container's loggers.</summary>
    /// <param name="services">The container.</param>
    /// <param name="options">Makes the options when the client is first asked for, with services such as the one that fetches tokens.</param>
    public static IServiceCollection AddGatewayClient(this IServiceCollection services, Func<IServiceProvider, GatewayClientOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return services.AddSingleton(provider =>
        {
            var given = options(provider);
            return new GatewayClient(given.LoggerFactory is null ? given with { LoggerFactory = provider.GetService<ILoggerFactory>() } : given);
        });
    }

    /// <inheritdoc cref="AddGatewayClient(IServiceCollection, Func{IServiceProvider, GatewayClientOptions})"/>
    public static IServiceCollection AddGatewayClient(this IServiceCollection services, GatewayClientOptions options) => services.AddGatewayClient(_ => options);
}
