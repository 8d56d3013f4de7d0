namespace Gateway.Server.Cluster;

/// <summary>
/// The limit of connections of one user, which holds for all nodes together: what the node registry tells it of the other nodes, and what
/// it has to say to them. Safe for any thread; no method waits.
/// </summary>
internal interface ISharedUserLimit
{
    /// <summary>Called once, before the first message of another node.</summary>
    void Join(IPeerNodes peers);

    /// <summary>
    /// For a heartbeat: the users who have more connections on this node than they may without asking the others. Null for none.
    /// </summary>
    IReadOnlyDictionary<string, int>? Report();

    /// <summary>Another node has so many connections of these users.</summary>
    void OnReported(string node, IReadOnlyDictionary<string, int> users);

    /// <summary>Another node claims connections. Called in the order of the bus.</summary>
    /// <returns>How many connections of these users this node has, or will have.</returns>
    IReadOnlyDictionary<string, int> OnClaimed(string node, IReadOnlyDictionary<string, int> users);

    /// <summary>The bus has brought this node's own claim back. Called in the order of the bus.</summary>
    void OnPlaced(string id);

    /// <summary>Another node has answered a claim.</summary>
    void OnAnswered(string node, string id, IReadOnlyDictionary<string, int> taken);

    /// <summary>Another node has stopped.</summary>
    void OnGone(string node);
}
