namespace Gateway.Server.Cluster;

/// <summary>The other nodes, for limits that hold for all nodes together. Safe for any thread; no method waits or throws.</summary>
internal interface IPeerNodes
{
    /// <summary>Nodes in reach, this one included: 1 where there is no other, and while the way to the others is gone.</summary>
    int Reachable { get; }

    /// <summary>Ids of the other nodes that are expected to answer a claim.</summary>
    string[] Counting { get; }

    /// <summary>A node did not answer a claim in time. It is not expected to answer another before it is heard of again.</summary>
    void Missed(string node);

    /// <summary>Tells all nodes, this one too, how many connections of each user this node would like to have.</summary>
    /// <param name="id">Names the claim, and its answers.</param>
    /// <param name="claims">Those it has, and those that wait, by user.</param>
    void Claim(string id, IReadOnlyDictionary<string, int> claims);

    /// <summary>Tells the other nodes how many handshakes this node has let through.</summary>
    /// <param name="addresses">By address, as text; since the last time that the address was told.</param>
    void SendHandshakes(IReadOnlyDictionary<string, int> addresses);
}
