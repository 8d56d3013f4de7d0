using System.Globalization;

namespace Gateway.Server.Admission;

/// <summary>The number of files, and so of connections, that the system lets this process open. Stateless.</summary>
internal static class OpenFiles
{
    /// <summary>Below this the start warns: most systems start a login session with 1,024.</summary>
    public const long Low = 65_536;

    /// <summary>How many are open now; 0 where the system does not tell.</summary>
    public static int Count()
    {
        const string Descriptors = "/proc/self/fd";
        return Directory.Exists(Descriptors) ? Directory.EnumerateFileSystemEntries(Descriptors).Count() : 0;
    }

    /// <summary>The limit in force; null where the system does not tell.</summary>
    public static long? Limit()
    {
        const string Limits = "/proc/self/limits";
        if (!File.Exists(Limits))
            return null;
        // "Max open files            1024                 524288               files"; the runtime raises the first to the second.
        string? line = File.ReadLines(Limits).FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        string[] columns = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return columns.Length > 3 && long.TryParse(columns[3], NumberStyles.None, CultureInfo.InvariantCulture, out long limit)
            ? limit
            : null;
    }
}
