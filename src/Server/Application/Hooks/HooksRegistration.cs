using Gateway.Server.Backplane;
using Gateway.Server.Backplane.Memory;
using Gateway.Server.Options;

namespace Gateway.Server.Application.Hooks;

/// <summary>Registers the hooks that the settings ask for. Stateless.</summary>
internal static class HooksRegistration
{
    public static IServiceCollection AddHooks(this IServiceCollection services, HooksOptions hooks)
    {
        services.AddSingleton<HookMetrics>();
        if (hooks.Url is null)
            return services;
        services.AddSingleton<IApplication, HookApplication>();
        if ((hooks.Events & HookEvents.Requests) != 0)
            services.AddSingleton<HookCalls>();
        // Services stop in reverse: this one after the ports, when nobody is connected any more.
        if ((hooks.Events & HookEvents.Notifications) != 0)
            services.AddSingleton<HookEventQueue>().AddHostedService<HookDelivery>();
        if ((hooks.Events & (HookEvents.Channels | HookEvents.Users)) != 0)
            services.AddSingleton<IOccupancySink>(static provider => provider.GetRequiredService<IApplication>()).AddSingleton(OccupancyOf);
        return services;
    }

    private static IOccupancy OccupancyOf(IServiceProvider provider) =>
        provider.GetRequiredService<IBackplane>() as IOccupancy ?? ActivatorUtilities.CreateInstance<MemoryOccupancy>(provider);
}
