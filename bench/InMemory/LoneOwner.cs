using Gateway.Protocol.WebSockets;
using Gateway.Server.Channels;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Naming;

namespace Gateway.Bench.InMemory;

/// <summary>The owner of a writer that has no connection, and to which nothing goes wrong. Stateless.</summary>
internal sealed class LoneOwner : IWriterOwner
{
    public ConnectionId Id => default;

    public void OnSlow(CloseStatus status) => throw new InvalidOperationException(status.Reason);

    public void OnOverflow(string policy, ChannelName channel, long dropped) => throw new InvalidOperationException(policy);

    public void OnPresenceDropped() => throw new InvalidOperationException("A delivery was dropped.");

    public void OnGap(Subscription subscription) => throw new InvalidOperationException("A delivery was dropped.");
}
