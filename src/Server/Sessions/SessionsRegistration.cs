using Gateway.Server.Options;

namespace Gateway.Server.Sessions;

/// <summary>Registers what sessions share. Stateless.</summary>
internal static class SessionsRegistration
{
    public static IServiceCollection AddSessions(this IServiceCollection services, GatewayOptions options)
    {
        if (options.Hooks.Url is not null && (options.Hooks.Events & HookEvents.Users) != 0)
            services.AddSingleton<OnlineUsers>();
        return services.AddSingleton<SessionServices>();
    }
}
