namespace Gateway.TestSupport;

/// <summary>A real Redis cluster of three masters on free loopback ports. Whatever becomes of the test, disposing ends its processes.</summary>
public sealed class RedisCluster : IAsyncDisposable
{
    private const int Size = 3;
    private readonly List<RedisServer> _servers = [];

    private RedisCluster()
    {
    }

    public IReadOnlyList<RedisServer> Servers => _servers;

    /// <summary>Of one of its servers, which knows the others: for <c>Redis:Addresses</c>.</summary>
    public string Address => _servers[0].Address;

    /// <summary>Starts it and waits until every server serves its part.</summary>
    public static async Task<RedisCluster> StartAsync()
    {
        var cluster = new RedisCluster();
        try
        {
            for (int i = 0; i < Size; i++)
                cluster._servers.Add(await RedisServer.StartAsync(persistent: false, ["--cluster-enabled", "yes", "--cluster-node-timeout", "5000"]));
            await cluster.JoinAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    private async Task JoinAsync()
    {
        var (output, exitCode) = await RedisCli.RunAsync(["--cluster", "create", .. _servers.Select(server => server.Address), "--cluster-yes"]);
        if (exitCode != 0)
            throw new InvalidOperationException(output);
        foreach (var server in _servers)
        {
            await Eventually.TrueAsync(
                async () => (await server.CommandAsync("CLUSTER", "INFO")).Contains("cluster_state:ok", StringComparison.Ordinal),
                $"{server.Address} finds its cluster complete");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
            await server.DisposeAsync();
    }
}
