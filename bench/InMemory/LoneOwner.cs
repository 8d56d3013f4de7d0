using Gateway.Channels;
using Gateway.Connections;
using Gateway.Protocol.WebSockets;

namespace Gateway.Bench.InMemory;

/// <summary>The owner of an outbox without a connection, which never fails. Stateless.</summary>
internal sealed class LoneOwner : IOutboxOwner
{
    public string Id => "bench";

    public void OnSlow(CloseStatus status) => throw new InvalidOperationException(status.Reason);

    public void OnOverflow(string policy, ChannelName channel, long dropped) => throw new InvalidOperationException(policy);

    public void OnPresenceDropped() => throw new InvalidOperationException("A delivery was dropped.");

    public void OnGap(Subscription subscription) => throw new InvalidOperationException("A delivery was dropped.");
}
