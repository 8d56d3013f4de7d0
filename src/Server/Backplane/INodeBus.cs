using Gateway.Server.Health;

namespace Gateway.Server.Backplane;

/// <summary>
/// Safe for any thread. Carries short messages from node to node: at most once, and none while the backplane is out of reach. Who needs
/// to know whether a message was heard has to ask for an answer.
/// </summary>
internal interface INodeBus : IHealthSource, IAsyncDisposable
{
    /// <summary>Why nothing comes through, for readiness; null while it does.</summary>
    string? Problem { get; }

    /// <summary>Clients are served without the other nodes: not to reach them is a degradation, not a problem.</summary>
    HealthReport IHealthSource.Health => new(
        Degradation: Problem, PublicDegradation: Problem is null ? null : IBackplane.PartIsOutOfReach);

    /// <summary>Called once, before any other method.</summary>
    /// <param name="inbox">What this node is reached at.</param>
    /// <param name="received">
    /// Called with each message, by any thread; must not block or throw. Returns whether this node sent it: only that proves that
    /// messages go out as well as in, so a node must send something to all every two seconds.
    /// </param>
    /// <param name="reached">Called whenever the other nodes have come into reach.</param>
    void Start(string inbox, Func<ReadOnlyMemory<byte>, bool> received, Action reached);

    /// <summary>Sends to one node, or to all, this one too.</summary>
    /// <returns>False when the backplane is out of reach.</returns>
    ValueTask<bool> SendAsync(string? inbox, ReadOnlyMemory<byte> message);
}
