using System.Globalization;
using Gateway.Server.Options;

namespace Gateway.Server.Hosting.Settings;

/// <summary>
/// Reads typed values under <c>Gateway:</c>. For one thread, at start. It collects every problem instead of stopping at the first, and
/// remembers every key that was read, with the value that holds.
/// </summary>
internal sealed class SettingsReader(IConfiguration gateway)
{
    private readonly SortedDictionary<string, string> _effective = new(StringComparer.OrdinalIgnoreCase);

    public List<string> Problems { get; } = [];

    /// <summary>
    /// Every key that was read, and the value that holds for it as text: empty for none. Secrets stand in it as they are.
    /// </summary>
    public IReadOnlyDictionary<string, string> Effective => _effective;

    public void Problem(string key, string problem) => Problems.Add($"Gateway:{key}: {problem}");

    /// <summary>The text of a key, or null when it is unset or empty.</summary>
    public string? Text(string key)
    {
        string? value = gateway[key]?.Trim();
        _effective[key] = value ?? "";
        return string.IsNullOrEmpty(value) ? null : value;
    }

    public string Text(string key, string fallback) => Text(key) ?? Note(key, fallback, fallback);

    public int Integer(string key, int fallback, int least, int most) => (int)Integer(key, (long)fallback, least, most);

    public long Integer(string key, long fallback, long least, long most)
    {
        if (Text(key) is not { } text)
            return Note(key, fallback, fallback.ToString(CultureInfo.InvariantCulture));
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            && value >= least && value <= most)
            return value;
        Problem(key, $"'{text}' must be a whole number from {least} to {most}");
        return fallback;
    }

    public bool Flag(string key, bool fallback)
    {
        if (Text(key) is not { } text)
            return Note(key, fallback, fallback ? "true" : "false");
        if (bool.TryParse(text, out bool value))
            return value;
        Problem(key, $"'{text}' must be true or false");
        return fallback;
    }

    public TimeSpan Time(string key, TimeSpan fallback, TimeSpan least, TimeSpan most)
    {
        if (Text(key) is not { } text)
            return Note(key, fallback, fallback.ToString("c", CultureInfo.InvariantCulture));
        // "30" would be thirty days to TimeSpan.Parse, which nobody means.
        if (text.Contains(':') && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
            return value;
        Problem(key, $"'{text}' must be a time as hh:mm:ss from {least:c} to {most:c}");
        return fallback;
    }

    public T Choice<T>(string key, T fallback, IReadOnlyDictionary<string, T> choices)
    {
        if (Text(key) is not { } text)
            return Note(key, fallback, choices.First(choice => Equals(choice.Value, fallback)).Key);
        foreach (var (name, value) in choices)
        {
            if (string.Equals(name, text, StringComparison.OrdinalIgnoreCase))
                return value;
        }
        Problem(key, $"'{text}' must be one of {string.Join(", ", choices.Keys)}");
        return fallback;
    }

    public ListenAddress? Address(string key, ListenAddress? fallback)
    {
        if (Text(key) is not { } text)
            return Note(key, fallback, fallback?.ToString() ?? "");
        if (ListenAddress.TryParse(text, out string problem) is { } address)
            return address;
        Problem(key, problem);
        return fallback;
    }

    /// <summary>
    /// Several texts: one by one under <c>key:0</c>, <c>key:1</c> …, or in the key itself with commas or semicolons between them.
    /// </summary>
    public IReadOnlyList<string> List(string key)
    {
        var texts = Children(key).Select(child => Text($"{key}:{child}")).Append(Text(key)).OfType<string>();
        const StringSplitOptions Trimmed = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        return [.. texts.SelectMany(text => text.Split([',', ';'], Trimmed))];
    }

    /// <summary>The names directly under a section, such as those of the namespaces.</summary>
    public IEnumerable<string> Children(string key) => gateway.GetSection(key).GetChildren().Select(child => child.Key);

    /// <summary>Keys that are set and that nothing has read. Call it last.</summary>
    public List<string> Unknown() =>
        [.. gateway.AsEnumerable(makePathsRelative: true)
            .Where(pair => !string.IsNullOrEmpty(pair.Value) && !_effective.ContainsKey(pair.Key))
            .Select(pair => pair.Key)
            .Order(StringComparer.Ordinal)];

    private T Note<T>(string key, T value, string text)
    {
        _effective[key] = text;
        return value;
    }
}
