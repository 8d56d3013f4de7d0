using System.Globalization;
using System.Text.RegularExpressions;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// One address of <c>Redis:Addresses</c>: <c>host:port[,host:port][,option=value]</c>, with the options of StackExchange.Redis. The hosts
/// are shown to operators and in logs, so nothing passes as a host that could be a piece of a password. Immutable.
/// </summary>
internal sealed partial class RedisAddressText
{
    /// <summary>Options with which the gateway would not get its own messages, or would not be alone on its connections.</summary>
    private static readonly string[] Refused = ["channelPrefix", "proxy", "tunnel"];

    private readonly string _text;
    private readonly List<string> _options = [];
    private readonly bool _hasLateHost;

    public RedisAddressText(string text)
    {
        _text = text;
        var hosts = new List<string>();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.Contains('=', StringComparison.Ordinal))
                _options.Add(part[..part.IndexOf('=', StringComparison.Ordinal)].TrimEnd());
            else if (_options.Count == 0)
                hosts.Add(part);
            else
                _hasLateHost = true;
        }
        Hosts = hosts;
    }

    public IReadOnlyList<string> Hosts { get; }

    /// <summary>Whether the text has an option.</summary>
    public bool Has(string option) => _options.Contains(option, StringComparer.OrdinalIgnoreCase);

    /// <summary>Why the text cannot be used, without a word of it; null when it can.</summary>
    public string? Check()
    {
        if (_text.Contains("://", StringComparison.Ordinal))
            return "must not be a URL: write host:port, and user and password into Redis:User and Redis:Password";
        if (_hasLateHost)
            return "has no option behind an option: hosts come first, and a password with a comma or a semicolon goes into Redis:Password";
        if (Hosts.Count == 0 || !Hosts.All(IsHost))
            return "must look like host:port[,host:port][,option=value], [::1]:6379 or !/run/redis.sock";
        if (Refused.FirstOrDefault(Has) is { } refused)
            return $"has {refused}=, which cannot be used here";
        if (_options.Any(option => option.StartsWith('$')))
            return "gives commands other names, which cannot be used here";
        try
        {
            return ConfigurationOptions.Parse(_text).EndPoints.Count == Hosts.Count ? null : "names a host twice";
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException)
        {
            // The exception's message may hold a password.
            return "has an option that StackExchange.Redis does not have, or with a value that it does not take";
        }
    }

    private static bool IsHost(string text)
    {
        if (text.StartsWith("!/", StringComparison.Ordinal))
            return !text.Contains('@', StringComparison.Ordinal);
        return HostAndPort().Match(text) is { Success: true } match
            && int.Parse(match.Groups["port"].ValueSpan, CultureInfo.InvariantCulture) is > 0 and <= 65535;
    }

    /// <summary>A port is required: the rest of a password that was cut at a semicolon has none.</summary>
    [GeneratedRegex(@"^(?:\w[\w.-]*|\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]):(?<port>[0-9]{1,5})$", RegexOptions.CultureInvariant)]
    private static partial Regex HostAndPort();
}
