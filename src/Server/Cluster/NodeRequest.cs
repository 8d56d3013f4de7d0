namespace Gateway.Server.Cluster;

/// <summary>Immutable. What every node is asked to do or to tell.</summary>
/// <param name="Action">One of the constants; a node that does not know it answers with nothing found.</param>
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

    /// <summary>Whose connections; null where it is about one.</summary>
    public string? User { get; init; }

    /// <summary>Which connection; null where it is about a user's.</summary>
    public string? Connection { get; init; }

    public string? Channel { get; init; }

    /// <summary>What listed channels begin with.</summary>
    public string? Prefix { get; init; }

    /// <summary>After which channel the list goes on.</summary>
    public string? After { get; init; }

    public int Limit { get; init; }

    /// <summary>For the client.</summary>
    public string? Reason { get; init; }
}
