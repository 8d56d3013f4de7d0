using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Connections.Sending;

/// <summary>
/// What a delivery to a full queue came to: found out under the writer's lock, and told to the owner after it. A local of one delivery.
/// </summary>
internal struct Overflow
{
    /// <summary>What was done; null when the queue was not full.</summary>
    public string? Policy;

    /// <summary>The channel of the frame that did not fit.</summary>
    public ChannelName? Channel;

    /// <summary>Frames dropped.</summary>
    public int Dropped;

    /// <summary>Whether the peer is to be disconnected.</summary>
    public bool Disconnects;

    /// <summary>Whether presence was dropped, so that a snapshot is to follow when there is room.</summary>
    public bool LacksPresence;

    /// <summary>Subscriptions that have ended, because they would have a gap; null for none.</summary>
    public List<Subscription>? Gaps;
}
