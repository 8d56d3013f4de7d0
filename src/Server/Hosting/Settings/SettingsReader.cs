using System.Globalization;
using Gateway.Server.Options;

namespace Gateway.Server.Hosting.Settings;

/// <summary>For one thread, at start. Reads typed values under <c>Gateway:</c>, collecting every problem instead of stopping at the first, and remembering which keys were asked for.</summary>
internal sealed class SettingsReader(IConfiguration gateway)
{
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    public List<string> Problems { get; } = [];

    public void Problem(string key, string problem) => Problems.Add($"Gateway:{key}: {problem}");

    /// <summary>The text of a key, or null when it is unset or empty.</summary>
    public string? Text(string key)
    {
        _known.Add(key);
        string? value = gateway[key]?.Trim();
        return string.IsNullOrEmpty(value) ? null : value;
    }

    public int Integer(string key, int fallback, int least, int most) => (int)Integer(key, (long)fallback, least, most);

    public long Integer(string key, long fallback, long least, long most)
    {
        if (Text(key) is not { } text)
            return fallback;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) && value >= least && value <= most)
            return value;
        Problem(key, $"'{text}' must be a whole number from {least} to {most}");
        return fallback;
    }

    public bool Flag(string key, bool fallback)
    {
        if (Text(key) is not { } text)
            return fallback;
        if (bool.TryParse(text, out bool value))
            return value;
        Problem(key, $"'{text}' must be true or false");
        return fallback;
    }

    public TimeSpan Time(string key, TimeSpan fallback, TimeSpan least, TimeSpan most)
    {
        if (Text(key) is not { } text)
            return fallback;
        // "30" would be thirty days to TimeSpan.Parse, which nobody means.
        if (text.Contains(':') && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
            return value;
        Problem(key, $"'{text}' must be a time as hh:mm:ss from {least:c} to {most:c}");
        return fallback;
    }

    public T Choice<T>(string key, T fallback, IReadOnlyDictionary<string, T> choices)
    {
        if (Text(key) is not { } text)
            return fallback;
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
            return fallback;
        if (ListenAddress.TryParse(text, out string problem) is { } address)
            return address;
        Problem(key, problem);
        return fallback;
    }

    /// <summary>Several texts: one by one under <c>key:0</c>, <c>key:1</c> …, or in the key itself with commas or semicolons between them.</summary>
    public IReadOnlyList<string> List(string key)
    {
        var texts = Children(key).Select(child => Text($"{key}:{child}")).Append(Text(key)).OfType<string>();
        return [.. texts.SelectMany(text => text.Split([',', ';'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
    }

    /// <summary>The names directly under a section, such as those of the namespaces.</summary>
    public IEnumerable<string> Children(string key) => gateway.GetSection(key).GetChildren().Select(child => child.Key);

    /// <summary>Keys that are set but were never asked for. Call it last.</summary>
    public List<string> Unknown() =>
        [.. gateway.AsEnumerable(makePathsRelative: true)
            .Where(pair => !string.IsNullOrEmpty(pair.Value) && !_known.Contains(pair.Key))
            .Select(pair => pair.Key)
            .Order(StringComparer.Ordinal)];
}
