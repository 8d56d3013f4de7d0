namespace Gateway.Server.Cluster;

/// <summary>A request to every node. Immutable.</summary>
/// <param name="Action">One of the constants. A node that does not know the action answers with nothing found.</param>
internal sealed record NodeRequest(string Action)
{
    public const string List = "list";
    public const string Count = "count";
    public const string Look = "look";
    public const string Subscribe = "subscribe";
    public const string Unsubscribe = "unsubscribe";
    public const string Disconnect = "disconnect";
    public const string Stats = "stats";
    public const string Events = "events";

    /// <summary>The user whose connections are meant; null where one connection is.</summary>
    public string? User { get; init; }

    /// <summary>The connection that is meant; null where those of a user are.</summary>
    public string? Connection { get; init; }

    public string? Channel { get; init; }

    /// <summary>The beginning of the listed channels' names.</summary>
    public string? Prefix { get; init; }

    /// <summary>The channel after which the list goes on.</summary>
    public string? After { get; init; }

    public int Limit { get; init; }

    /// <summary>The reason that the client gets.</summary>
    public string? Reason { get; init; }
}
