using Gateway.Server.Clock;
using Gateway.Server.Options;

namespace Gateway.Server.Auth;

/// <summary>Registers how clients sign in. Stateless.</summary>
internal static class AuthRegistration
{
    public static IServiceCollection AddAuth(this IServiceCollection services, GatewayOptions options)
    {
        services.AddSingleton(new AllowedOrigins(options.Origins));
        services.AddSingleton<KeySet>().AddTickHandler<KeySet>().AddSingleton<TokenVerifier>();
        return options.IsDevelopment
            ? services.AddSingleton<IAuthenticator, DevelopmentAuthenticator>()
            : services.AddSingleton<IAuthenticator, TokenAuthenticator>();
    }
}
