using Gateway.Server.Backplane;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Redis;

/// <summary>Two gateways that share one Redis. For one test.</summary>
internal sealed class TwoNodes : IAsyncDisposable
{
    private TwoNodes(RedisServer redis, GatewayServer a, GatewayServer b) => (Redis, A, B) = (redis, a, b);

    public RedisServer Redis { get; }

    public GatewayServer A { get; }

    public GatewayServer B { get; }

    public static async Task<TwoNodes> StartAsync(bool persistent = false)
    {
        var redis = await RedisServer.StartAsync(persistent);
        string[] settings =
        [
            "Redis:Addresses=" + redis.Address, "Presence:TimeToLive=00:00:02", "Namespaces:default:Subscribe=anyone",
            "Namespaces:default:Publish=anyone",
            "Namespaces:h:History=100", "Namespaces:p:Presence=true",
        ];
        var nodes = new TwoNodes(redis, await GatewayServer.StartAsync(settings), await GatewayServer.StartAsync(settings));
        await nodes.ReadyAsync();
        return nodes;
    }

    public async Task ReadyAsync()
    {
        foreach (var node in new[] { A, B })
            await Eventually.TrueAsync(() => Problem(node) is null, "the node is ready");
    }

    public static string? Problem(GatewayServer node) => node.Services.GetRequiredService<IBackplane>().Problem;

    public async ValueTask DisposeAsync()
    {
        await A.DisposeAsync();
        await B.DisposeAsync();
        await Redis.DisposeAsync();
    }
}
