using Gateway.Server.Clock;
using Gateway.Server.Connections.Sending;

namespace Gateway.Server.Connections;

/// <summary>Registers the connections, and what they share. Stateless.</summary>
internal static class ConnectionsRegistration
{
    public static IServiceCollection AddConnectionServices(this IServiceCollection services) => services
        .AddSingleton<ConnectionTable>().AddTickHandler<ConnectionTable>()
        .AddSingleton<SendSchedulers>()
        .AddSingleton<Compression>()
        .AddSingleton<RateLimits>()
        .AddSingleton<ConnectionServices>();

    /// <summary>For a process that is the gateway's alone: the heap is everybody's.</summary>
    public static IServiceCollection AddHeapCompaction(this IServiceCollection services) => services
        .AddSingleton<HeapCompaction>().AddTickHandler<HeapCompaction>();
}
