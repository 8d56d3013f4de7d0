using Gateway.Server.Health;

namespace Gateway.Server.Backplane;

/// <summary>
/// Carries short messages from node to node: at most once, and none while the backplane is out of reach. A sender that needs to know
/// whether a message arrived asks for an answer. Safe for any thread.
/// </summary>
internal interface INodeBus : IHealthSource, IAsyncDisposable
{
    /// <summary>Why no message gets through, for readiness; null while messages do.</summary>
    string? Problem { get; }

    /// <summary>Clients are served without the other nodes: not to reach them is a degradation, not a problem.</summary>
    HealthReport IHealthSource.Health => new(
        Degradation: Problem, PublicDegradation: Problem is null ? null : IBackplane.PartIsOutOfReach);

    /// <summary>Called once, before any other method.</summary>
    /// <param name="inbox">The name under which this node gets messages of its own.</param>
    /// <param name="received">
    /// Called with each message, by any thread; must not block or throw. It returns whether this node sent the message: only such a message
    /// proves that messages go out as well as in, so a node must send one to all every two seconds.
    /// </param>
    /// <param name="reached">Called whenever the other nodes come into reach.</param>
    void Start(string inbox, Func<ReadOnlyMemory<byte>, bool> received, Action reached);

    /// <summary>Sends a message to one node, or to all, this one too.</summary>
    /// <returns>False when the backplane is out of reach.</returns>
    ValueTask<bool> SendAsync(string? inbox, ReadOnlyMemory<byte> message);
}
