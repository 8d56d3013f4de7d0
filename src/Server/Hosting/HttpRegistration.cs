using Gateway.Server.Http.Streams;
using Gateway.Server.Http;
using Gateway.Server.Listening;

namespace Gateway.Server.Hosting;

/// <summary>Registers what clients and load balancers ask by ordinary requests. Stateless.</summary>
internal static class HttpRegistration
{
    public static IServiceCollection AddHttp(this IServiceCollection services) => services
        .AddSingleton<CrossOrigin>()
        .AddSingleton<IPortEndpoints, HealthEndpoints>()
        .AddSingleton<SseEndpoint>().AddSingleton<IPortEndpoints>(static provider => provider.GetRequiredService<SseEndpoint>())
        .AddSingleton<PublishEndpoint>().AddSingleton<IPortEndpoints>(static provider => provider.GetRequiredService<PublishEndpoint>());
}
