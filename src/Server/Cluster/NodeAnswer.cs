namespace Gateway.Server.Cluster;

/// <summary>A node's answer to a <see cref="NodeRequest"/>. Immutable.</summary>
internal sealed record NodeAnswer
{
    /// <summary>The node's name.</summary>
    public string Node { get; init; } = "";

    /// <summary>Connections for which the request was carried out, or subscribers counted.</summary>
    public int Connections { get; init; }

    /// <summary>Connections for which the request could not be carried out.</summary>
    public int Failed { get; init; }

    public IReadOnlyList<ChannelCount> Channels { get; init; } = [];

    /// <summary>Whether the node has more channels than the request's limit.</summary>
    public bool More { get; init; }

    public ConnectionDetails? Connection { get; init; }

    public NodeStats? Stats { get; init; }

    public NodeEvents? Events { get; init; }
}
