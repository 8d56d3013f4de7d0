using Gateway.Protocol.Messages;
using Gateway.Server.Health;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane;

/// <summary>
/// What joins the nodes: it gives messages their positions, keeps history and presence, and hands every message of a channel, in one order,
/// to the sink of every node that subscribed to the channel. It knows no connection. Safe for any thread.
/// </summary>
/// <remarks>Nothing here throws because the backplane is out of reach; the results say so, and <see cref="Problem"/> says why.</remarks>
internal interface IBackplane : IHealthSource, IAsyncDisposable
{
    /// <summary>A degradation in words for anybody.</summary>
    internal const string PartIsOutOfReach = "part of the backplane is out of reach";

    /// <summary>What the start screen shows.</summary>
    string Description { get; }

    /// <summary>Why messages are not being delivered, for readiness; null while they are.</summary>
    string? Problem { get; }

    /// <summary>Why messages of some channels, but not of all, are not being delivered; null when that is not so.</summary>
    string? Degradation { get; }

    HealthReport IHealthSource.Health => new(
        Problem, Problem is null ? null : "the backplane is out of reach", Degradation, Degradation is null ? null : PartIsOutOfReach);

    /// <summary>Called once, before any other method.</summary>
    /// <exception cref="UnusableBackplaneException">What the settings name is there and can never be used.</exception>
    ValueTask StartAsync(IBackplaneSink sink, CancellationToken cancellation);

    /// <summary>
    /// Takes a message. Publishes of one caller to one channel keep the order in which they were made. In a namespace with
    /// history the result has the message's position; a repeated idempotency key gives the first one's and publishes nothing.
    /// A message whose result is <see cref="PublishOutcome.Unconfirmed"/> is published once if it is taken again with its key.
    /// </summary>
    ValueTask<PublishResult> PublishAsync(ChannelName channel, in PublishRequest request);

    /// <summary>
    /// Starts the flow of a channel to this node's sink. When it returns true, every later message will arrive; after false it may be asked
    /// for again.
    /// </summary>
    ValueTask<bool> SubscribeAsync(ChannelName channel);

    /// <summary>Ends what <see cref="SubscribeAsync"/> started; messages may still arrive for a while.</summary>
    void Unsubscribe(ChannelName channel);

    /// <summary>Reads history; null when the backplane is out of reach. Only for namespaces with history.</summary>
    ValueTask<HistoryPage?> ReadAsync(ChannelName channel, HistoryQuery query);

    /// <summary>One more connection of a user is in the channel.</summary>
    ValueTask<bool> JoinAsync(ChannelName channel, PresentUser user, string connection);

    /// <summary>Undoes <see cref="JoinAsync"/>.</summary>
    ValueTask LeaveAsync(ChannelName channel, string user, string connection);

    /// <summary>Who is in the channel; null when the backplane is out of reach.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="maxUsers">Above this many users only their number is returned.</param>
    ValueTask<PresenceSnapshot?> PresenceAsync(ChannelName channel, int maxUsers);

    /// <summary>
    /// As <see cref="PresenceAsync"/>, for the node itself after changes were lost. This node's users are put in again first; it waits for
    /// its turn rather than being refused, and, where the data were lost, for other nodes to put in their users.
    /// </summary>
    ValueTask<PresenceSnapshot?> RepairPresenceAsync(ChannelName channel, int maxUsers);
}
