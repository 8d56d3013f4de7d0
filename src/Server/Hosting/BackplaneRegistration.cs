using Gateway.Server.Backplane.Memory;
using Gateway.Server.Backplane.Redis;
using Gateway.Server.Backplane;
using Gateway.Server.Clock;
using Gateway.Server.Options;

namespace Gateway.Server.Hosting;

/// <summary>Registers the backplane that the settings name. Stateless.</summary>
internal static class BackplaneRegistration
{
    public static IServiceCollection AddBackplane(this IServiceCollection services, GatewayOptions options)
    {
        services.AddSingleton<BackplaneMetrics>().AddSingleton<BrokenRecords>();
        return options.Redis.Addresses.Count > 0
            ? services.AddSingleton<IBackplane, RedisBackplane>().AddSingleton<INodeBus, RedisNodeBus>()
            : services.AddSingleton<MemoryBackplane>().AddTickHandler<MemoryBackplane>()
                .AddSingleton<IBackplane>(static provider => provider.GetRequiredService<MemoryBackplane>())
                .AddSingleton<INodeBus, MemoryNodeBus>();
    }
}
