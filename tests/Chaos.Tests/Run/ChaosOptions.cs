namespace Gateway.Chaos.Tests.Run;

/// <summary>How long and with which faults. Immutable.</summary>
internal sealed record ChaosOptions
{
    public const int Nodes = 3;

    /// <summary>Which faults come, in which order, with which details. What happens between them is up to the machine.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>How long faults come. What is before and after takes some 15 s more.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After so long there is a pause, in which everything has to come right.</summary>
    public TimeSpan BetweenPauses { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>Faults whose names begin so are the only ones; empty for all.</summary>
    public string Only { get; init; } = "";

    /// <summary>Hears of every fault as it comes.</summary>
    public Action<string>? Listener { get; init; }

    /// <summary>Where the nodes' logs go; null for nowhere.</summary>
    public string? LogFolder { get; init; }
}
