using Gateway.Server.Clock;
using Gateway.Server.Cluster;

namespace Gateway.Server.Admission;

/// <summary>Registers the limits, and who decides over handshakes. Stateless.</summary>
internal static class AdmissionRegistration
{
    public static IServiceCollection AddAdmission(this IServiceCollection services) => services
        .AddSingleton<OpenSockets>()
        .AddSingleton<ClientAddresses>()
        .AddSingleton<AddressSockets>()
        .AddSingleton<UserLimit>().AddSingleton<ISharedUserLimit>(static provider => provider.GetRequiredService<UserLimit>())
        .AddSingleton<ConnectionLimits>()
        .AddSingleton<HandshakeRates>().AddTickHandler<HandshakeRates>()
        .AddSingleton<ISharedHandshakeRates>(static provider => provider.GetRequiredService<HandshakeRates>())
        .AddSingleton<PublishRates>().AddTickHandler<PublishRates>()
        .AddSingleton<AdmissionControl>();
}
