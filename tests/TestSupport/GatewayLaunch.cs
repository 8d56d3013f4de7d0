namespace Gateway.TestSupport;

/// <summary>Immutable. How to start a <see cref="GatewayProcess"/>.</summary>
public sealed record GatewayLaunch
{
    /// <summary>The program, and what stands before its settings; null for the gateway that was built with the tests.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Where it runs; null for an empty folder of its own.</summary>
    public string? Folder { get; init; }

    /// <summary>Whether it is told to run in development mode, which a key among its settings ends; false says nothing about it.</summary>
    public bool Development { get; init; } = true;

    /// <summary>Whether nothing but <see cref="Command"/> stands on its command line: no mode, no ports and no limits.</summary>
    public bool Bare { get; init; }

    /// <summary>On the command line, as <c>Limits:MessageBytes=1024</c>, without the leading <c>Gateway:</c>.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>As <c>Gateway__Limits__MessageBytes</c>.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The text of its appsettings.json; null for none.</summary>
    public string? AppSettings { get; init; }

    /// <summary>Its limit of open files; null for this process's own.</summary>
    public int? OpenFiles { get; init; }
}
