namespace Gateway.TestSupport;

/// <summary>The program, the settings and the surroundings that a <see cref="GatewayProcess"/> is started with. Immutable.</summary>
public sealed record GatewayLaunch
{
    /// <summary>The program and its arguments before the settings. Null for the gateway that was built with the tests.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>The folder that it runs in. Null for an empty folder of its own.</summary>
    public string? Folder { get; init; }

    /// <summary>
    /// Whether to switch development mode on, which a key among the settings switches off again. False leaves the setting out.
    /// </summary>
    public bool Development { get; init; } = true;

    /// <summary>Whether the command line is <see cref="Command"/> alone, without a mode, ports and limits.</summary>
    public bool Bare { get; init; }

    /// <summary>The settings on the command line, as <c>Limits:MessageBytes=1024</c>, without the leading <c>Gateway:</c>.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>The environment, as <c>Gateway__Limits__MessageBytes</c>.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The text of its appsettings.json. Null for none.</summary>
    public string? AppSettings { get; init; }

    /// <summary>The limit of open files. Null for this process's own limit.</summary>
    public int? OpenFiles { get; init; }
}
