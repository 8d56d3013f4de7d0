using Gateway.Server.Naming;

namespace Gateway.Server.Channels;

/// <summary>Called from any thread, many channels at a time. The receiving end of a subscription; nothing here blocks or throws.</summary>
internal interface ISubscriber
{
    /// <summary>The connection's id, as in <c>connected</c>.</summary>
    ConnectionId Id { get; }

    /// <summary>How messages look on the connection's wire; always the same.</summary>
    FrameEncoding Encoding { get; }

    /// <summary>Takes what a batch holds for the subscription; called without locks.</summary>
    /// <param name="batch">The frames, in this subscriber's encoding.</param>
    /// <param name="subscription">Whose.</param>
    /// <param name="sends">Where sends that this causes, and nobody is at, are added to.</param>
    /// <returns>False when much is waiting to be sent that the peer would take: call <see cref="CatchUp"/> before delivering
    /// more.</returns>
    bool Deliver(FrameBatch batch, Subscription subscription, ref ScheduledSends? sends);

    /// <summary>
    /// Helps to send what is waiting, of this and other subscribers: who produces faster than can be sent takes part in sending.
    /// </summary>
    void CatchUp();

    /// <summary>Ends a subscription that can't go on without a gap, with <c>insufficient_state</c>. Called without locks.</summary>
    void OnGap(Subscription subscription);
}
