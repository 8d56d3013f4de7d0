using System.Globalization;

namespace Gateway.Load.Measuring;

/// <summary>A process of this machine and all it started, by Linux's <c>/proc</c>. Used by one thread at a time.</summary>
internal sealed class ProcessGauge(int process) : IServerGauge
{
    /// <summary>USER_HZ, which is 100 on every architecture .NET runs on (proc(5)).</summary>
    private const double TicksPerSecond = 100;

    // Fields of /proc/<pid>/stat counted from the one after the name (proc(5): 4 ppid, 14 utime, 15 stime, 24 rss).
    private const int Parent = 1;
    private const int UserTime = 11;
    private const int SystemTime = 12;
    private const int ResidentPages = 21;

    public Task<ServerUsage?> ReadAsync(CancellationToken cancellation) => Task.FromResult(Read());

    private ServerUsage? Read()
    {
        var all = new Dictionary<int, string[]>();
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int id) && Stat(folder) is { } stat)
                all[id] = stat;
        }
        if (!all.ContainsKey(process))
            return null;
        double cpu = 0;
        long pages = 0;
        foreach (var (id, stat) in all)
        {
            if (!IsOurs(id, all))
                continue;
            cpu += Number(stat[UserTime]) + Number(stat[SystemTime]);
            pages += Number(stat[ResidentPages]);
        }
        return new ServerUsage(cpu / TicksPerSecond, pages * Environment.SystemPageSize);
    }

    private bool IsOurs(int id, Dictionary<int, string[]> all)
    {
        while (id != process)
        {
            if (!all.TryGetValue(id, out string[]? stat))
                return false;
            id = (int)Number(stat[Parent]);
        }
        return true;
    }

    private static string[]? Stat(string folder)
    {
        try
        {
            string text = File.ReadAllText(Path.Combine(folder, "stat"));
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null; // ended meanwhile
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
