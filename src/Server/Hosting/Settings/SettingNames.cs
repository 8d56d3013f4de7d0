namespace Gateway.Server.Hosting.Settings;

/// <summary>The names of all settings, for telling which one was meant by a name that is none. Safe for any thread.</summary>
internal static class SettingNames
{
    private const string Section = "Gateway";

    /// <summary>A namespace's name is free: those of the default one stand for all.</summary>
    private const string AnyNamespace = "Namespaces:default:";

    private static readonly Lazy<IReadOnlyCollection<string>> Names = new(GatewayOptionsReader.Names);

    /// <summary>
    /// A sentence for each setting of the command line that does not exist. Those of the log and of the host are not the gateway's.
    /// </summary>
    /// <param name="keys">The keys as they were given, without leading dashes.</param>
    public static IEnumerable<string> Mistakes(IEnumerable<string> keys) => keys
        .Where(key => !IsUnder(key, "Logging") && !IsOfHost(key) && !(IsUnder(key, Section) && IsKnown(key[(Section.Length + 1)..])))
        .Select(key => $"--{key}: there is no such setting{Hint(key)}");

    /// <summary>A sentence for each setting of a file or the environment that looks like one of the gateway's and is none.</summary>
    /// <param name="configuration">All settings.</param>
    /// <param name="unread">Keys of the gateway's section that nothing reads.</param>
    public static IEnumerable<string> Warnings(IConfiguration configuration, IEnumerable<string> unread)
    {
        foreach (string key in unread)
            yield return $"{Section}:{key} is set but means nothing here{Hint(key)}";
        foreach (var (key, value) in configuration.AsEnumerable())
        {
            if (!string.IsNullOrEmpty(value) && IsMisplaced(key))
                yield return $"{key} is set but means nothing here{Hint(key)}";
        }
    }

    /// <returns>The nearest name, as the end of a sentence; empty when none is near.</returns>
    public static string Hint(string key) => Nearest(key) is { } name ? $"; the nearest is {Section}:{name}" : "";

    /// <summary>
    /// Finds the word that was most likely meant. Null when none is near: more than half of the letters would be wrong.
    /// </summary>
    public static string? Nearest(string word, IEnumerable<string> words)
    {
        string? nearest = words.MinBy(other => Distance(word, other));
        return nearest is not null && Distance(word, nearest) <= word.Length / 2 ? nearest : null;
    }

    private static string? Nearest(string key)
    {
        string plain = Plain(key);
        string[] parts = plain.Split(':');
        return Nearest(plain, Names.Value.Select(name =>
            parts.Length == 3 && name.StartsWith(AnyNamespace, StringComparison.Ordinal)
                ? $"Namespaces:{parts[1]}:{name[AnyNamespace.Length..]}"
                : name));
    }

    private static bool IsKnown(string key)
    {
        string[] parts = key.Split(':');
        if (parts.Length == 3 && parts[0].Equals("Namespaces", StringComparison.OrdinalIgnoreCase))
            return Contains(AnyNamespace + parts[2]);
        // An entry of a list.
        return Contains(key) || (int.TryParse(parts[^1], out _) && Contains(string.Join(':', parts[..^1])));
    }

    /// <summary>Without the prefix, or with single underscores. A single word is nobody's: the environment is full of such.</summary>
    private static bool IsMisplaced(string key)
    {
        bool isPrefixed = key.StartsWith(Section + "_", StringComparison.OrdinalIgnoreCase);
        if (isPrefixed)
            return Nearest(key) is not null;
        return !IsUnder(key, Section) && key.Contains(':') && IsKnown(key);
    }

    private static bool Contains(string name) => Names.Value.Contains(name, StringComparer.OrdinalIgnoreCase);

    private static bool IsUnder(string key, string section) => key.StartsWith(section + ":", StringComparison.OrdinalIgnoreCase);

    private static bool IsOfHost(string key) =>
        IsUnder(key, "hostBuilder") || key.ToLowerInvariant() is "environment" or "contentroot" or "applicationname";

    /// <summary>However it was written: with underscores, in a command line or the environment, with the section or without.</summary>
    private static string Plain(string key)
    {
        string plain = key.Replace("__", ":", StringComparison.Ordinal).Replace('_', ':');
        return IsUnder(plain, Section) ? plain[(Section.Length + 1)..] : plain;
    }

    /// <summary>
    /// Letters to insert, remove, replace or swap with their neighbour, whatever their case: the distance of Damerau and Levenshtein, where
    /// each letter changes once.
    /// </summary>
    private static int Distance(string one, string other)
    {
        int[] earlier = [];
        int[] before = [.. Enumerable.Range(0, other.Length + 1)];
        for (int i = 0; i < one.Length; i++)
        {
            int[] row = new int[other.Length + 1];
            row[0] = i + 1;
            for (int j = 0; j < other.Length; j++)
            {
                int replaced = before[j] + (AreSame(one[i], other[j]) ? 0 : 1);
                row[j + 1] = Math.Min(replaced, Math.Min(before[j + 1], row[j]) + 1);
                if (i > 0 && j > 0 && AreSame(one[i], other[j - 1]) && AreSame(one[i - 1], other[j]))
                    row[j + 1] = Math.Min(row[j + 1], earlier[j - 1] + 1);
            }
            (earlier, before) = (before, row);
        }
        return before[^1];
    }

    private static bool AreSame(char one, char other) => char.ToLowerInvariant(one) == char.ToLowerInvariant(other);
}
