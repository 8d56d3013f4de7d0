using System.Diagnostics;
using System.Globalization;

namespace Gateway.TestSupport;

/// <summary>
/// Three real sentinels that watch a Redis and its replica on free loopback ports, and find the master gone after 1.5 s. Whatever becomes
/// of the test, disposing ends their processes.
/// </summary>
public sealed class RedisSentinels : IAsyncDisposable
{
    /// <summary>The name of the service, as in <c>sentinel monitor main</c>.</summary>
    public const string Service = "main";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sentinels-");
    private readonly List<(int Port, Process Process)> _sentinels = [];
    private readonly string? _password;

    private RedisSentinels(RedisServer first, RedisServer second, string? password) =>
        (First, Second, _password) = (first, second, password);

    /// <summary>The master at the beginning.</summary>
    public RedisServer First { get; }

    /// <summary>Its replica at the beginning.</summary>
    public RedisServer Second { get; }

    /// <summary>The addresses of all sentinels, for <c>Redis:Addresses</c>.</summary>
    public string Addresses => string.Join(',', _sentinels.Select(sentinel => $"127.0.0.1:{Text(sentinel.Port)}"));

    /// <summary>Starts the sentinels, and waits until they know each other, the master and the replica.</summary>
    /// <param name="password">Of the sentinels; null for none.</param>
    public static async Task<RedisSentinels> StartAsync(string? password = null)
    {
        var first = await RedisServer.StartAsync();
        var sentinels = new RedisSentinels(first, await RedisServer.StartAsync(), password);
        try
        {
            await sentinels.Second.FollowAsync(first);
            for (int i = 0; i < 3; i++)
                sentinels.Launch();
            foreach (int port in sentinels.Ports)
            {
                await Eventually.TrueAsync(
                    async () => (await sentinels.AskAsync(port, "CKQUORUM", Service)).StartsWith("OK 3 usable", StringComparison.Ordinal)
                        && (await sentinels.AskAsync(port, "REPLICAS", Service))
                            .Contains("master-link-status\nok", StringComparison.Ordinal),
                    "the sentinels know each other and the replica");
            }
            return sentinels;
        }
        catch
        {
            await sentinels.DisposeAsync();
            throw;
        }
    }

    /// <summary>Keeps the master's writes from the replica until the master's end. The replica is then without them.</summary>
    public Task HoldReplicaBackAsync() => Second.CommandAsync("CLIENT", "PAUSE", "600000", "WRITE");

    /// <summary>Kills the master, and makes the replica forget the writes that were kept from it.</summary>
    public async Task KillMasterAsync()
    {
        First.Kill();
        await Eventually.TrueAsync(
            async () => (await Second.CommandAsync("INFO", "replication")).Contains("master_link_status:down", StringComparison.Ordinal),
            "the replica misses it");
        await Second.CommandAsync("CLIENT", "UNPAUSE");
    }

    /// <summary>Waits until the sentinels have made the replica the master.</summary>
    public async Task TakesOverAsync()
    {
        foreach (int port in Ports)
        {
            await Eventually.TrueAsync(
                async () => await AskAsync(port, "GET-MASTER-ADDR-BY-NAME", Service) == $"127.0.0.1\n{Text(Second.Port)}",
                "the replica is the master");
        }
    }

    /// <summary>
    /// Has all of them name the replica, which is a master from then on, while the master before goes on and is told nothing.
    /// </summary>
    public async Task NameReplicaAsync()
    {
        await Second.PromoteAsync();
        foreach (int port in Ports)
        {
            await AskAsync(port, "REMOVE", Service);
            await AskAsync(port, "MONITOR", Service, "127.0.0.1", Text(Second.Port), "2");
        }
    }

    /// <summary>Kills one sentinel.</summary>
    public void KillOne() => End(_sentinels[^1].Process);

    private IEnumerable<int> Ports => _sentinels.Where(sentinel => !sentinel.Process.HasExited).Select(sentinel => sentinel.Port);

    private async Task<string> AskAsync(int port, params string[] command)
    {
        string[] signIn = _password is null ? [] : ["-a", _password, "--no-auth-warning"];
        var (output, _) = await RedisCli.RunAsync(["-p", Text(port), .. signIn, "SENTINEL", .. command]);
        return output;
    }

    private void Launch()
    {
        int port = LoopbackPorts.Next();
        string file = Path.Combine(_folder.FullName, Text(port) + ".conf");
        // They write down what they find out, there.
        File.WriteAllLines(
            file,
            [
                $"port {Text(port)}", "bind 127.0.0.1", $"dir {_folder.FullName}", $"logfile {file}.log",
                $"sentinel monitor {Service} 127.0.0.1 {Text(First.Port)} 2",
                $"sentinel down-after-milliseconds {Service} 1500", $"sentinel failover-timeout {Service} 6000",
                .. _password is null ? (string[])[] : [$"requirepass {_password}"],
            ]);
        _sentinels.Add((port, Process.Start(new ProcessStartInfo("redis-server", [file, "--sentinel"]))!));
    }

    private static void End(Process process)
    {
        process.Kill();
        process.WaitForExit();
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, process) in _sentinels)
        {
            End(process);
            process.Dispose();
        }
        await First.DisposeAsync();
        await Second.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
