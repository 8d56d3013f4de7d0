using Gateway.Server.Naming;

namespace Gateway.Server.Channels;

/// <summary>Where one frame stands in its <see cref="FrameBatch"/>, and the facts that decide over it on its way. Immutable.</summary>
/// <param name="Start">Offset of the frame's first byte.</param>
/// <param name="Length">Bytes of the whole frame.</param>
/// <param name="Seq">The message's seq; 0 without history.</param>
/// <param name="Except">Id of the connection that published with <c>echo: false</c> and does not get the message; null for none.</param>
/// <param name="Presence">The subscribers that a presence frame is for; null for messages.</param>
internal readonly record struct FrameEntry(int Start, int Length, long Seq, ConnectionId? Except, PresenceAudience? Presence)
{
    /// <summary>What a reply does to a position; null for nothing, and where the encoding has no positions.</summary>
    public PositionMark? Mark { get; init; }

    /// <summary>Whether this frame is for the subscription, which the batch as a whole already is.</summary>
    public bool IsFor(Subscription subscription) =>
        (Seq == 0 || Seq > subscription.StartSeq) &&
        (Presence is null || Presence.Has(subscription)) &&
        (Except is null || Except != subscription.Subscriber.Id);
}
