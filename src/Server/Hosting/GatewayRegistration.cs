using Gateway.Server.Admission;
using Gateway.Server.Api;
using Gateway.Server.Application.Hooks;
using Gateway.Server.Audit;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Clock;
using Gateway.Server.Cluster;
using Gateway.Server.Connections;
using Gateway.Server.Export;
using Gateway.Server.Health;
using Gateway.Server.Http;
using Gateway.Server.Listening;
using Gateway.Server.Listening.EventLoop;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;
using Gateway.Server.Options;
using Gateway.Server.Sessions;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Gateway.Server.Hosting;

/// <summary>Puts a node together: every folder registers its own services (those of which
/// the settings choose a part, in this folder), and this class the order in which they start. Stateless.</summary>
internal static class GatewayRegistration
{
    /// <exception cref="InvalidOperationException">The services have a gateway already.</exception>
    public static IServiceCollection AddGateway(this IServiceCollection services, GatewayOptions options)
    {
        if (services.Any(service => service.ServiceType == typeof(GatewayOptions)))
            throw new InvalidOperationException("There is a gateway already: AddGateway was called before.");
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddLogging();
        services.AddSingleton(options);
        services.AddSingleton<Namespaces>();
        services.AddClock().AddSingleton<Delays>();
        services.AddSingleton<GatewayMetrics>();
        services.AddAudit();
        services.AddHooks(options.Hooks);
        services.AddBackplane(options);
        services.AddAuth(options);
        services.AddSingleton(ReadinessOf);
        services.AddChannels();
        services.AddConnectionServices();
        services.AddCluster();
        services.AddSessions(options);
        services.AddAdmission();
        services.AddDialects(options);
        services.AddListening(options);
        services.AddHttp();
        services.AddApi();
        services.AddExport();
        return services.AddStart();
    }

    /// <summary>In the order in which they start. They stop in reverse: the ports first, and the hooks' events last.</summary>
    private static IServiceCollection AddStart(this IServiceCollection services) => services
        .AddHostedService<BackplaneStart>()
        .AddHostedService<KeySetStart>()
        .AddHostedService(static provider => provider.GetRequiredService<NodeRegistry>())
        .AddHostedService(static provider => provider.GetRequiredService<GatewayClock>())
        .AddHostedService<Drain>()
        .AddSingleton<OwnPorts>()
        .AddHostedService(static provider => provider.GetRequiredService<OwnPorts>());

    /// <summary>The sources are not registered as such: the container would dispose of each once more.</summary>
    private static Readiness ReadinessOf(IServiceProvider provider) => new(
    [
        provider.GetRequiredService<IBackplane>(), provider.GetRequiredService<IAuthenticator>(), provider.GetRequiredService<INodeBus>(),
        provider.GetRequiredService<LoopWatchdog>(),
    ]);
}
