using System.Globalization;

namespace Gateway.Load.Crowds;

/// <summary>What the machine has left, by Linux's <c>/proc</c>. Stateless.</summary>
internal static class SystemMemory
{
    /// <summary>
    /// Memory that programs can still have. The kernel's own <c>MemAvailable</c> takes a part of the slabs of sockets for reclaimable,
    /// because sockets are inodes: with a million connections it promises gigabytes that nobody can have.
    /// </summary>
    public static long AvailableBytes() => Field("MemAvailable:") - Field("SReclaimable:");

    private static long Field(string name)
    {
        foreach (string line in File.ReadLines("/proc/meminfo"))
        {
            if (line.StartsWith(name, StringComparison.Ordinal))
                return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
        return 0;
    }
}
