using Gateway.Server.Clock;
using Gateway.Server.Listening.EventLoop;
using Gateway.Server.Listening.Tls;
using Gateway.Server.Options;

namespace Gateway.Server.Listening;

/// <summary>Registers what stands between an accepted socket and its connection. Stateless.</summary>
internal static class ListeningRegistration
{
    public static IServiceCollection AddListening(this IServiceCollection services, GatewayOptions options)
    {
        services.AddSingleton<HandshakeDeadlines>().AddTickHandler<HandshakeDeadlines>();
        services.AddSingleton<IdleHttp>().AddTickHandler<IdleHttp>();
        if (options.Public is { IsTls: true })
            services.AddSingleton<ServerCertificate>().AddTickHandler<ServerCertificate>();
        // Without event loops there is nothing to watch; the metrics are there all the same.
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<EventLoops>(provider, options.Loops));
        services.AddSingleton<LoopWatchdog>().AddTickHandler<LoopWatchdog>();
        services.AddSingleton<LoopMetrics>();
        services.AddSingleton<AcceptedSockets>();
        services.AddSingleton<ILoopHandshakes, LoopHandshakes>();
        return services
            .AddSingleton<FirstRequest>()
            .AddSingleton<UpgradeHandler>()
            .AddSingleton<UpgradeEndpoint>().AddSingleton<IPortEndpoints>(static provider => provider.GetRequiredService<UpgradeEndpoint>())
            .AddSingleton<ProxyProtocolMiddleware>();
    }
}
