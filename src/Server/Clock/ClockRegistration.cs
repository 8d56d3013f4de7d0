namespace Gateway.Server.Clock;

/// <summary>Registers the clock, and what it visits. Stateless.</summary>
internal static class ClockRegistration
{
    public static IServiceCollection AddClock(this IServiceCollection services) =>
        services.AddSingleton<TickHandlers>().AddSingleton<GatewayClock>();

    /// <summary>Has the clock visit a registered service.</summary>
    public static IServiceCollection AddTickHandler<T>(this IServiceCollection services)
        where T : class, ITickHandler =>
        services.AddTickHandler(static provider => provider.GetRequiredService<T>());

    /// <summary>Has the clock visit a service that is registered as something else.</summary>
    public static IServiceCollection AddTickHandler(this IServiceCollection services, Func<IServiceProvider, ITickHandler> find) =>
        services.AddSingleton(new TickHandlers.Registration(find));
}
