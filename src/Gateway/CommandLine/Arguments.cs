namespace Gateway.CommandLine;

/// <summary>The command line, its settings apart from its command and that command's options. Immutable.</summary>
/// <param name="Settings">Settings, as .NET reads them: <c>--Gateway:Node=edge-1</c>, <c>--Gateway:Node edge-1</c>.</param>
/// <param name="Words">All the rest.</param>
internal sealed record Arguments(IReadOnlyList<string> Settings, IReadOnlyList<string> Words)
{
    private static readonly string[] Sections = ["Gateway:", "Gateway_", "Logging:"];

    private static readonly string[] OfHost = ["environment", "contentRoot", "applicationName"];

    /// <summary>The keys of the settings, without leading dashes.</summary>
    public IReadOnlyList<string> Keys => [.. Settings.Where(IsSetting).Select(NameOf)];

    public static Arguments Of(IReadOnlyList<string> args)
    {
        List<string> settings = [], words = [];
        for (int i = 0; i < args.Count; i++)
        {
            if (!IsSetting(args[i]))
            {
                words.Add(args[i]);
                continue;
            }
            settings.Add(args[i]);
            // The value may stand by itself.
            if (!args[i].Contains('=') && i + 1 < args.Count && !args[i + 1].StartsWith('-'))
                settings.Add(args[++i]);
        }
        return new Arguments(settings, words);
    }

    /// <summary>
    /// What has a section is a setting. Without dashes it is one only of sections that there are: values have colons too.
    /// </summary>
    private static bool IsSetting(string arg)
    {
        string name = NameOf(arg);
        bool isOurs = Sections.Any(section => name.StartsWith(section, StringComparison.OrdinalIgnoreCase));
        return arg.StartsWith("--", StringComparison.Ordinal)
            ? isOurs || name.Contains(':') || OfHost.Contains(name, StringComparer.OrdinalIgnoreCase)
            : isOurs && (arg.StartsWith('/') || arg.Contains('='));
    }

    private static string NameOf(string arg) => arg.Split('=', 2)[0].TrimStart('-', '/');
}
