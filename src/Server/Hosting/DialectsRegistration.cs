using Gateway.Server.Admission;
using Gateway.Server.Dialects.Echo;
using Gateway.Server.Dialects.Native;
using Gateway.Server.Options;

namespace Gateway.Server.Hosting;

/// <summary>Registers the dialects: each is served at a path of its own. Stateless.</summary>
internal static class DialectsRegistration
{
    public static IServiceCollection AddDialects(this IServiceCollection services, GatewayOptions options)
    {
        services.AddSingleton<NativeDialectFactory>();
        services.AddSingleton<IDialectFactory>(static provider => provider.GetRequiredService<NativeDialectFactory>());
        return options.Echo ? services.AddSingleton<IDialectFactory, EchoDialectFactory>() : services;
    }
}
