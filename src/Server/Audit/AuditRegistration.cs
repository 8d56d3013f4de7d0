using Gateway.Server.Clock;

namespace Gateway.Server.Audit;

/// <summary>Registers the audit. Stateless.</summary>
internal static class AuditRegistration
{
    public static IServiceCollection AddAudit(this IServiceCollection services) => services
        .AddSingleton<RecentEvents>().AddTickHandler<RecentEvents>()
        .AddSingleton<AuditLog>().AddTickHandler<AuditLog>();
}
