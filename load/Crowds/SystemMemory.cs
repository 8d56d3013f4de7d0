using System.Globalization;

namespace Gateway.Load.Crowds;

/// <summary>What the machine has left, by Linux's <c>/proc</c>. Stateless.</summary>
internal static class SystemMemory
{
    /// <summary>Memory that programs can have before the kernel has to end one of them.</summary>
    public static long AvailableBytes()
    {
        foreach (string line in File.ReadLines("/proc/meminfo"))
        {
            if (line.StartsWith("MemAvailable:", StringComparison.Ordinal))
                return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
        return long.MaxValue;
    }
}
