namespace Gateway.Server.Cluster;

/// <summary>Immutable. What one node found or did.</summary>
internal sealed record NodeAnswer
{
    /// <summary>The node's name.</summary>
    public string Node { get; init; } = "";

    /// <summary>Connections it was done for, or subscribers counted.</summary>
    public int Connections { get; init; }

    /// <summary>Connections it could not be done for.</summary>
    public int Failed { get; init; }

    public IReadOnlyList<ChannelCount> Channels { get; init; } = [];

    /// <summary>Whether there are more channels than were asked for.</summary>
    public bool More { get; init; }

    public ConnectionDetails? Connection { get; init; }

    public NodeStats? Stats { get; init; }

    public NodeEvents? Events { get; init; }
}
