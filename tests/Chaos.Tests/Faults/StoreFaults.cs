using System.Globalization;
using Gateway.Chaos.Tests.Run;
using Gateway.Chaos.Tests.World;

namespace Gateway.Chaos.Tests.Faults;

/// <summary>What happens to Redis itself. For one thread.</summary>
internal sealed class StoreFaults(ChaosScene scene, Store store, Random random)
{
    /// <summary>Puts a key of another type in the place of one, and the old one away. Both at once, so that nobody sees neither.</summary>
    private const string Replace = "redis.call('RENAME', KEYS[1], KEYS[2]) redis.call('SET', KEYS[1], 'not what you look for')";

    /// <summary>Puts it back, unless somebody has helped himself meanwhile.</summary>
    private const string PutBack = """
        if redis.call('TYPE', KEYS[1]).ok == 'string' then redis.call('RENAME', KEYS[2], KEYS[1]) return 1 end
        redis.call('DEL', KEYS[2])
        return 0
        """;

    public IEnumerable<Fault> All =>
    [
        new("redis restart", RestartAsync),
        new("redis restart without data", LoseAllAsync),
        new("redis pause", PauseAsync),
        new("redis client pause", ClientPauseAsync),
        new("redis full", FullAsync),
        new("redis wrong type", WrongTypeAsync),
        new("redis script flush", () => CommandAsync("SCRIPT", "FLUSH")),
        new("redis flushall", FlushAsync),
        new("failover crash", CrashAsync),
        new("failover hang", HangAsync),
        new("failover planned", DemoteAsync),
    ];

    private async Task RestartAsync()
    {
        var master = store.Master;
        scene.Faults.Begin($"redis {master.Name} restart, {store.Mode}");
        if (store.Mode == StoreMode.Always)
        {
            master.Kill();
        }
        else
        {
            // Of some time ago, so that the last messages are lost.
            await master.CopyAsync();
            await WaitAsync(200, store.Mode == StoreMode.Snapshots ? 3000 : 1000);
            scene.Ledger.StoreLost();
            master.Kill();
            master.RestoreCopy();
        }
        scene.Faults.Note($"redis {master.Name} is down");
        await WaitAsync(100, 2500);
        await master.StartAsync(store.Mode, master: null);
        scene.Faults.Note($"redis {master.Name} is back");
    }

    private async Task LoseAllAsync()
    {
        var mode = (StoreMode)random.Next(3);
        scene.Faults.Begin($"redis restart without data, then {mode}");
        scene.Ledger.StoreLost();
        await store.LoseAllAsync(mode, TimeSpan.FromMilliseconds(random.Next(100, 1500)));
        scene.Faults.Note("redis is back");
    }

    private async Task PauseAsync()
    {
        scene.Faults.Begin($"redis pause {store.Master.Name}");
        store.Master.Pause();
        await WaitAsync(300, 7000);
        store.Master.Resume();
        scene.Faults.Note("redis runs again");
    }

    private async Task ClientPauseAsync()
    {
        int pause = random.Next(200, 3000);
        string kind = random.Next(2) == 0 ? "WRITE" : "ALL";
        scene.Faults.Begin(string.Create(CultureInfo.InvariantCulture, $"redis client pause {kind} for {pause} ms"));
        await store.Master.CommandAsync("CLIENT", "PAUSE", pause.ToString(CultureInfo.InvariantCulture), kind);
        await Task.Delay(pause);
    }

    private async Task FullAsync()
    {
        scene.Faults.Begin("redis full");
        await store.Master.CommandAsync("CONFIG", "SET", "maxmemory", "100kb");
        await WaitAsync(200, 2500);
        await store.Master.CommandAsync("CONFIG", "SET", "maxmemory", "0");
        scene.Faults.Note("redis has room");
    }

    private async Task WrongTypeAsync()
    {
        const string Away = "chaos-away";
        // Streams alone: what a script has half done to the rest when it comes to such a key is no promise of anybody.
        string streams = await store.Master.CommandAsync("SCAN", "0", "COUNT", "1000000", "TYPE", "stream");
        string[] found = streams.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        // The first line is the cursor.
        if (found.Length < 2)
            return;
        string key = found[random.Next(1, found.Length)];
        scene.Faults.Begin($"redis wrong type {key}");
        await store.Master.CommandAsync("EVAL", Replace, "2", key, Away);
        await WaitAsync(100, 3000);
        bool isBack = await store.Master.CommandAsync("EVAL", PutBack, "2", key, Away) == "1";
        scene.Faults.Note(isBack ? $"redis {key} as before" : $"redis {key} is another by now");
    }

    private Task FlushAsync()
    {
        scene.Ledger.StoreLost();
        return CommandAsync("FLUSHALL");
    }

    private async Task CommandAsync(params string[] command)
    {
        scene.Faults.Begin($"redis {string.Join(' ', command)}");
        await store.Master.CommandAsync(command);
        await WaitAsync(100, 1000);
    }

    /// <summary>The master dies with what its replica has not got yet.</summary>
    private async Task CrashAsync()
    {
        string lag = await LagAsync();
        scene.Faults.Begin($"failover crash of {store.Master.Name}, replica {lag}");
        store.Master.Kill();
        await WaitAsync(50, 1000);
        scene.Ledger.StoreLost();
        await store.PromoteAsync();
        scene.Faults.Note($"redis {store.Master.Name} is the master");
        await WaitAsync(200, 3000);
        await store.RejoinAsync();
        scene.Faults.Note($"redis {store.Replica.Name} is a replica");
    }

    /// <summary>The master hangs, is replaced, and wakes up as what it was, until somebody tells it.</summary>
    private async Task HangAsync()
    {
        string lag = await LagAsync();
        bool isCut = random.Next(2) == 0;
        scene.Faults.Begin($"failover hang of {store.Master.Name}, replica {lag}, connections {(isCut ? "cut" : "kept")}");
        store.Master.Pause();
        await WaitAsync(100, 2500);
        scene.Ledger.StoreLost();
        await store.PromoteAsync();
        if (isCut)
            store.CutLinks();
        scene.Faults.Note($"redis {store.Master.Name} is the master");
        await WaitAsync(200, 3000);
        scene.Ledger.StoreLost();
        store.Replica.Resume();
        scene.Faults.Note($"redis {store.Replica.Name} runs again, as a master");
        await WaitAsync(0, 1200);
        await store.DemoteAsync();
        scene.Ledger.StoreLost();
        scene.Faults.Note($"redis {store.Replica.Name} is a replica");
    }

    /// <summary>The replica takes over while the master lives; whoever is connected to that stays connected.</summary>
    private async Task DemoteAsync()
    {
        string lag = random.Next(2) == 0 ? "up to date" : await LagAsync();
        scene.Faults.Begin($"failover planned from {store.Master.Name}, replica {lag}");
        scene.Ledger.StoreLost();
        await store.PromoteAsync();
        await store.DemoteAsync();
        scene.Ledger.StoreLost();
        scene.Faults.Note($"redis {store.Master.Name} is the master, {store.Replica.Name} a replica");
        await WaitAsync(500, 4000);
    }

    /// <summary>Lets the replica fall behind.</summary>
    private async Task<string> LagAsync()
    {
        await store.ReplicatesAsync();
        int lag = random.Next(50, 1000);
        store.Replication.Delay(TimeSpan.FromMilliseconds(lag));
        await Task.Delay(lag + random.Next(200, 1000));
        return string.Create(CultureInfo.InvariantCulture, $"{lag} ms behind");
    }

    private Task WaitAsync(int least, int most) => Task.Delay(random.Next(least, most));
}
