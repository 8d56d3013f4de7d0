using System.Diagnostics;
using System.Globalization;
using Gateway.TestSupport;

namespace Gateway.Chaos.Tests.World;

/// <summary>
/// One redis-server that may die, lose what it had, and follow another. Disposing ends the process. For one thread at a time.
/// </summary>
internal sealed class StoreServer(string name) : IAsyncDisposable
{
    private const string AppendFolder = "appendonlydir";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chaos-redis-");
    private readonly DirectoryInfo _copies = Directory.CreateTempSubdirectory("chaos-copies-");
    private Process? _process;
    private StoreMode _mode;

    public string Name => name;

    public int Port { get; } = LoopbackPorts.Next();

    /// <summary>Starts with what its folder has.</summary>
    /// <param name="mode">What it keeps from now on.</param>
    /// <param name="master">The port of whom it follows; null for nobody.</param>
    public async Task StartAsync(StoreMode mode, int? master)
    {
        _mode = mode;
        string log = Path.Combine(_folder.FullName, "redis.log");
        string[] following = master is { } port ? ["--replicaof", "127.0.0.1", Text(port)] : [];
        _process = Process.Start(new ProcessStartInfo("redis-server",
        [
            "--port", Text(Port), "--bind", "127.0.0.1", "--dir", _folder.FullName, "--logfile", log, "--save", "",
            "--appendonly", mode == StoreMode.Snapshots ? "no" : "yes", "--appendfsync", mode == StoreMode.Always ? "always" : "everysec",
            "--auto-aof-rewrite-percentage", "0",
            "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1", "--repl-timeout", "5", .. following,
        ]))!;
        await Eventually.TrueAsync(
            async () => await CommandAsync("PING") == "PONG"
                || (_process.HasExited ? throw new InvalidOperationException(await File.ReadAllTextAsync(log)) : false),
            $"redis-server {name} answers");
    }

    public void Kill()
    {
        if (_process is not { } process)
            return;
        _process = null;
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    public void Pause() => Signals.Send(_process!.Id, Signals.Stop);

    public void Resume() => Signals.Send(_process!.Id, Signals.Continue);

    /// <summary>Removes everything it had; it must not run.</summary>
    public void Wipe()
    {
        foreach (var entry in _folder.GetFileSystemInfos())
            Remove(entry);
    }

    /// <summary>Keeps a copy of what would survive at this moment.</summary>
    public async Task CopyAsync()
    {
        foreach (var entry in _copies.GetFileSystemInfos())
            Remove(entry);
        if (_mode == StoreMode.Snapshots)
        {
            await CommandAsync("SAVE");
            File.Copy(Path.Combine(_folder.FullName, "dump.rdb"), Path.Combine(_copies.FullName, "dump.rdb"));
            return;
        }
        await Eventually.TrueAsync(
            async () => (await CommandAsync("INFO", "persistence")).Contains("aof_rewrite_in_progress:0", StringComparison.Ordinal),
            $"redis-server {name} does not rewrite its file");
        var target = _copies.CreateSubdirectory(AppendFolder);
        foreach (string file in Directory.GetFiles(Path.Combine(_folder.FullName, AppendFolder)))
            File.Copy(file, Path.Combine(target.FullName, Path.GetFileName(file)));
    }

    /// <summary>Puts the copy back; it must not run.</summary>
    public void RestoreCopy()
    {
        Wipe();
        foreach (var entry in _copies.GetFileSystemInfos())
            Directory.Move(entry.FullName, Path.Combine(_folder.FullName, entry.Name));
    }

    /// <summary>Runs a command by redis-cli, and returns what that prints.</summary>
    public async Task<string> CommandAsync(params string[] args)
    {
        var (output, _) = await RedisCli.RunAsync(["-p", Text(Port), .. args]);
        return output;
    }

    public ValueTask DisposeAsync()
    {
        Kill();
        _folder.Delete(recursive: true);
        _copies.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private static void Remove(FileSystemInfo entry)
    {
        if (entry is DirectoryInfo folder)
            folder.Delete(recursive: true);
        else
            entry.Delete();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
