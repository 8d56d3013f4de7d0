using System.Diagnostics;
using System.Globalization;

namespace Gateway.TestSupport;

/// <summary>
/// A real redis-server on a free loopback port, in an empty folder. Whatever becomes of the test, disposing ends the process.
/// </summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("redis-");
    private readonly bool _persistent;
    private readonly string[] _more;
    private Process? _process;

    private RedisServer(int port, bool persistent, string[] more)
    {
        Port = port;
        _persistent = persistent;
        _more = more;
    }

    public int Port { get; }

    /// <summary>The address, for <c>Redis:Addresses</c>.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>Starts the server, and waits until it answers.</summary>
    /// <param name="persistent">Whether everything it has confirmed is on disk, and so survives <see cref="Kill"/>.</param>
    public static Task<RedisServer> StartAsync(bool persistent = false) => StartAsync(persistent, []);

    /// <param name="persistent">As above.</param>
    /// <param name="more">Further arguments of redis-server.</param>
    internal static async Task<RedisServer> StartAsync(bool persistent, string[] more)
    {
        var server = new RedisServer(LoopbackPorts.Next(), persistent, more);
        try
        {
            await server.LaunchAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills the process.</summary>
    public void Kill()
    {
        if (_process is not { } process)
            return;
        _process = null;
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    /// <summary>Halts the process. Its connections stay open, and nothing answers on them.</summary>
    public void Pause() => Signals.Send(Running.Id, Signals.Stop);

    /// <summary>Lets the process run again after <see cref="Pause"/>.</summary>
    public void Resume() => Signals.Send(Running.Id, Signals.Continue);

    /// <summary>Kills the process if it still runs, and starts another one on the same port.</summary>
    /// <param name="keepData">Whether it has what it had; only a persistent one can.</param>
    public Task RestartAsync(bool keepData) => RestartAsync(keepData, discard: !keepData);

    /// <param name="keepData">As above.</param>
    /// <param name="discard">Whether to empty its folder, in which a cluster's server also keeps who it is.</param>
    public async Task RestartAsync(bool keepData, bool discard)
    {
        if (keepData && !_persistent)
            throw new InvalidOperationException("Only a persistent server keeps its data.");
        Kill();
        if (discard)
        {
            foreach (var file in _folder.GetFileSystemInfos())
                (file as DirectoryInfo)?.Delete(recursive: true);
        }
        await LaunchAsync();
    }

    /// <summary>Keeps a copy of the present data for <see cref="RestartFromSnapshotAsync"/>.</summary>
    public Task SnapshotAsync() => CommandAsync("SAVE");

    /// <summary>
    /// Kills it where it still runs, and starts it on the same port with what it had at the last snapshot: its last writes are lost. Only
    /// one that is not persistent can.
    /// </summary>
    public Task RestartFromSnapshotAsync() => _persistent
        ? throw new InvalidOperationException("A persistent server reads its log, not the snapshot.")
        : RestartAsync(keepData: false, discard: false);

    /// <summary>Makes the server a replica, and waits until it has its master's data.</summary>
    public async Task FollowAsync(RedisServer master)
    {
        await CommandAsync("REPLICAOF", "127.0.0.1", master.Port.ToString(CultureInfo.InvariantCulture));
        await Eventually.TrueAsync(
            async () => (await CommandAsync("INFO", "replication")).Contains("master_link_status:up", StringComparison.Ordinal)
                && await master.CommandAsync("WAIT", "1", "1000") == "1",
            $"{Address} follows {master.Address}");
    }

    /// <summary>Makes the replica a master, which takes writes of its own.</summary>
    public Task PromoteAsync() => CommandAsync("REPLICAOF", "NO", "ONE");

    public Task FlushAllAsync() => CommandAsync("FLUSHALL");

    /// <summary>Runs a command.</summary>
    /// <returns>The answer as redis-cli prints it: one line for each item.</returns>
    public async Task<string> CommandAsync(params string[] args)
    {
        var (output, _) = await RedisCli.RunAsync(["-p", Port.ToString(CultureInfo.InvariantCulture), .. args]);
        return output;
    }

    public bool IsRunning => _process is not null;

    private Process Running => _process ?? throw new InvalidOperationException("It does not run.");

    private async Task LaunchAsync()
    {
        string log = Path.Combine(_folder.FullName, "redis.log");
        _process = Process.Start(new ProcessStartInfo("redis-server",
        [
            "--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", _folder.FullName, "--logfile", log,
            "--save", "", "--appendonly", _persistent ? "yes" : "no", "--appendfsync", "always", .. _more,
        ]))!;
        await Eventually.TrueAsync(
            async () => await CommandAsync("PING") == "PONG"
                || (_process.HasExited ? throw new InvalidOperationException(File.ReadAllText(log)) : false),
            $"redis-server answers on {Address}");
    }

    public ValueTask DisposeAsync()
    {
        Kill();
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
