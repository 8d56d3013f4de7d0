namespace Gateway.TestSupport;

/// <summary>
/// A real Redis cluster of three masters, with a replica each where wanted, on free loopback ports. Whatever becomes of the test, disposing
/// ends its processes.
/// </summary>
public sealed class RedisCluster : IAsyncDisposable
{
    private const int Masters = 3;
    private readonly List<RedisServer> _servers = [];
    private readonly List<TcpProxy> _proxies = [];

    private readonly List<int> _tlsPorts = [];
    private string[] _authority = [];

    private RedisCluster()
    {
    }

    public IReadOnlyList<RedisServer> Servers => _servers;

    /// <summary>The proxies after <see cref="HideBehindProxiesAsync"/>: one for each server, in their order.</summary>
    public IReadOnlyList<TcpProxy> Proxies => _proxies;

    /// <summary>The address of one server, which knows the others, for <c>Redis:Addresses</c>.</summary>
    public string Address => _servers[0].Address;

    /// <summary><see cref="Address"/> of a cluster with TLS.</summary>
    public string TlsAddress => TlsAddresses.First();

    /// <summary>Starts a cluster, and waits until every server serves its part.</summary>
    /// <param name="replicas">Whether each master has one.</param>
    /// <param name="tls">The files of the servers' certificate, for one that names its encrypted ports alone.</param>
    public static async Task<RedisCluster> StartAsync(bool replicas = false, (string Certificate, string Key, string Authority)? tls = null)
    {
        var cluster = new RedisCluster();
        // Without replicas nobody could take over, and a cluster that misses a part serves nothing.
        string timeout = replicas ? "1000" : "60000";
        try
        {
            for (int i = 0; i < (replicas ? 2 * Masters : Masters); i++)
            {
                string[] more = ["--cluster-enabled", "yes", "--cluster-node-timeout", timeout, .. cluster.Tls(tls)];
                cluster._servers.Add(await RedisServer.StartAsync(persistent: false, more));
            }
            await cluster.JoinAsync(replicas);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    private IEnumerable<string> TlsAddresses =>
        _tlsPorts.Select(port => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"127.0.0.1:{port}"));

    private string[] Tls((string Certificate, string Key, string Authority)? files)
    {
        if (files is not { } tls)
            return [];
        _authority = ["--tls", "--cacert", tls.Authority];
        _tlsPorts.Add(LoopbackPorts.Next());
        string port = _tlsPorts[^1].ToString(System.Globalization.CultureInfo.InvariantCulture);
        return
        [
            "--tls-port", port, "--tls-cert-file", tls.Certificate, "--tls-key-file", tls.Key, "--tls-ca-cert-file", tls.Authority,
            "--tls-auth-clients", "no",
            "--tls-cluster", "yes",
        ];
    }

    /// <summary>Puts a proxy in front of every server, whose address the server then tells its clients.</summary>
    public async Task HideBehindProxiesAsync()
    {
        foreach (var server in _servers)
        {
            var proxy = TcpProxy.Start(server.Port);
            _proxies.Add(proxy);
            // Among each other they go on as before.
            await server.CommandAsync("CONFIG", "SET", "cluster-announce-bus-port", Text(server.Port + 10_000));
            await server.CommandAsync("CONFIG", "SET", "cluster-announce-port", Text(proxy.Port));
        }
        foreach (var server in _servers)
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    string nodes = await server.CommandAsync("CLUSTER", "NODES");
                    return _proxies.All(proxy => nodes.Contains(proxy.Address + "@", StringComparison.Ordinal));
                },
                $"{server.Address} knows the proxies");
        }

        static string Text(int port) => port.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>The server that is the master of a key.</summary>
    public async Task<RedisServer> MasterOfAsync(string key)
    {
        string slot = await OfAny(server => server.CommandAsync("CLUSTER", "KEYSLOT", key));
        return await ServerAsync(int.Parse(slot, System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>Moves a key's slot, with all that is in it, to another master, as an operator's tool does.</summary>
    public async Task MoveSlotAsync(string key)
    {
        var source = await MasterOfAsync(key);
        var target = _servers.First(server => server != source);
        string slot = await source.CommandAsync("CLUSTER", "KEYSLOT", key);
        string from = await source.CommandAsync("CLUSTER", "MYID");
        string to = await target.CommandAsync("CLUSTER", "MYID");
        await target.CommandAsync("CLUSTER", "SETSLOT", slot, "IMPORTING", from);
        await source.CommandAsync("CLUSTER", "SETSLOT", slot, "MIGRATING", to);
        string port = target.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        while (await source.CommandAsync("CLUSTER", "GETKEYSINSLOT", slot, "100") is { Length: > 0 } keys)
            await source.CommandAsync(["MIGRATE", "127.0.0.1", port, "", "0", "5000", "KEYS", .. keys.Split('\n')]);
        // The one that takes it first, so that nobody is sent to one that does not know.
        foreach (var server in new[] { target, source }.Concat(_servers.Except([target, source])))
            await server.CommandAsync("CLUSTER", "SETSLOT", slot, "NODE", to);
    }

    /// <summary>The number of pub/sub messages that the servers have sent to each other.</summary>
    public async Task<long> CarriedAsync()
    {
        long sum = 0;
        foreach (var server in _servers)
        {
            string[] lines = (await server.CommandAsync("CLUSTER", "INFO")).Split('\n', StringSplitOptions.TrimEntries);
            var counters = lines.Where(line => line.StartsWith("cluster_stats_messages_publish", StringComparison.Ordinal));
            foreach (string counter in counters.Where(line => line.Contains("_sent:", StringComparison.Ordinal)))
                sum += long.Parse(counter.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
        }
        return sum;
    }

    /// <summary>A replica of a master.</summary>
    public async Task<RedisServer> ReplicaOfAsync(RedisServer master)
    {
        string id = await master.CommandAsync("CLUSTER", "MYID");
        foreach (var server in _servers.Where(server => server.IsRunning))
        {
            string nodes = await server.CommandAsync("CLUSTER", "NODES");
            string self = nodes.Split('\n').First(line => line.Contains("myself", StringComparison.Ordinal));
            if (self.Contains("myself,slave " + id, StringComparison.Ordinal))
                return server;
        }
        throw new InvalidOperationException("It has no replica.");
    }

    /// <summary>Waits until a replica has taken over from its master.</summary>
    public static Task TakesOverAsync(RedisServer replica) => Eventually.TrueAsync(
        async () => (await replica.CommandAsync("CLUSTER", "NODES")).Contains("myself,master", StringComparison.Ordinal)
            && (await replica.CommandAsync("CLUSTER", "INFO")).Contains("cluster_state:ok", StringComparison.Ordinal),
        $"{replica.Address} takes over");

    private async Task<RedisServer> ServerAsync(int slot)
    {
        string nodes = await OfAny(server => server.CommandAsync("CLUSTER", "NODES"));
        foreach (string[] fields in nodes.Split('\n').Select(line => line.Split(' ')))
        {
            bool has = fields[2].Contains("master", StringComparison.Ordinal) && !fields[2].Contains("fail", StringComparison.Ordinal)
                && fields.Skip(8).Any(range => Contains(range, slot));
            if (has)
                return _servers.First(server => fields[1].StartsWith(server.Address + "@", StringComparison.Ordinal));
        }
        throw new InvalidOperationException($"nobody has slot {slot}: {nodes}");
    }

    private static bool Contains(string range, int slot)
    {
        if (range[0] == '[')
            return false;
        int[] ends = [.. range.Split('-').Select(end => int.Parse(end, System.Globalization.CultureInfo.InvariantCulture))];
        return ends[0] <= slot && slot <= ends[^1];
    }

    private Task<string> OfAny(Func<RedisServer, Task<string>> ask) => ask(_servers.First(server => server.IsRunning));

    private async Task JoinAsync(bool replicas)
    {
        var addresses = _tlsPorts.Count > 0 ? TlsAddresses : _servers.Select(server => server.Address);
        var (output, exitCode) = await RedisCli.RunAsync(
            [.. _authority, "--cluster", "create", .. addresses, "--cluster-replicas", replicas ? "1" : "0", "--cluster-yes"]);
        if (exitCode != 0)
            throw new InvalidOperationException(output);
        foreach (var server in _servers)
        {
            await Eventually.TrueAsync(
                async () => (await server.CommandAsync("CLUSTER", "INFO")).Contains("cluster_state:ok", StringComparison.Ordinal)
                    && (!replicas || await KnowsReplicasAsync(server)),
                $"{server.Address} finds its cluster complete");
        }
    }

    private static async Task<bool> KnowsReplicasAsync(RedisServer server)
    {
        string nodes = await server.CommandAsync("CLUSTER", "NODES");
        bool all = nodes.Split('\n').Count(line => line.Contains("slave", StringComparison.Ordinal)) == Masters;
        return all && (await server.CommandAsync("INFO", "replication")) is var info
            && (info.Contains("role:master", StringComparison.Ordinal) || info.Contains("master_link_status:up", StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var proxy in _proxies)
            await proxy.DisposeAsync();
        foreach (var server in _servers)
            await server.DisposeAsync();
    }
}
