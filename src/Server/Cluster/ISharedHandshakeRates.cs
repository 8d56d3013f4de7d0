namespace Gateway.Server.Cluster;

/// <summary>The rate of handshakes of one address, which holds for all nodes together. Safe for any thread; no method waits.</summary>
internal interface ISharedHandshakeRates
{
    /// <summary>Called once, before the first message of another node.</summary>
    void Join(IPeerNodes peers);

    /// <summary>Another node has let through so many handshakes of these addresses.</summary>
    void OnReport(IReadOnlyDictionary<string, int> addresses);
}
