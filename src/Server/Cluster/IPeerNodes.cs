namespace Gateway.Server.Cluster;

/// <summary>The other nodes, for limits that hold on all nodes together. Safe for any thread; no method waits or throws.</summary>
internal interface IPeerNodes
{
    /// <summary>Nodes in reach, this one included: 1 where there is no other, or the node bus does not work.</summary>
    int Reachable { get; }

    /// <summary>Ids of the other nodes that should answer a claim.</summary>
    string[] Counting { get; }

    /// <summary>A node did not answer a claim in time. It is not waited for until its next heartbeat.</summary>
    void Missed(string node);

    /// <summary>Sends to all nodes, this one too, how many connections of each user this node wants.</summary>
    /// <param name="id">The claim's id, which the answers repeat.</param>
    /// <param name="claims">By user, the connections that the node has and those that wait.</param>
    void Claim(string id, IReadOnlyDictionary<string, int> claims);

    /// <summary>Sends to the other nodes how many handshakes this node has let through.</summary>
    /// <param name="addresses">By address as text, the handshakes since the address was sent last.</param>
    void SendHandshakes(IReadOnlyDictionary<string, int> addresses);
}
