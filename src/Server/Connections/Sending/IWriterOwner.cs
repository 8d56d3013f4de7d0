using Gateway.Protocol.WebSockets;
using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Connections.Sending;

/// <summary>Called from any thread, without locks. What a <see cref="ConnectionWriter"/> tells the connection it belongs to.</summary>
internal interface IWriterOwner
{
    ConnectionId Id { get; }

    /// <summary>The peer does not keep up and its policy is to be disconnected; the writer takes nothing more.</summary>
    void OnSlow(CloseStatus status);

    /// <summary>A message found no room.</summary>
    /// <param name="policy">What was done.</param>
    /// <param name="channel">Whose message.</param>
    /// <param name="dropped">Messages dropped so far.</param>
    void OnOverflow(string policy, ChannelName channel, long dropped);

    /// <summary>
    /// There is room again after presence frames were dropped: subscriptions with <see cref="Subscription.LostPresence"/> need a snapshot.
    /// </summary>
    void OnPresenceDropped();

    /// <summary>Messages of the subscription had to be dropped and it cannot go on without a gap.</summary>
    void OnGap(Subscription subscription);
}
