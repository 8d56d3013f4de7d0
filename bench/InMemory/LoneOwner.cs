using Gateway.Protocol.WebSockets;
using Gateway.Server.Channels;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Naming;

namespace Gateway.Bench.InMemory;

/// <summary>Stateless. For a writer without a connection, to which nothing goes wrong.</summary>
internal sealed class LoneOwner : IWriterOwner
{
    public string Id => "bench";

    public void OnSlow(CloseStatus status) => throw new InvalidOperationException(status.Reason);

    public void OnOverflow(string policy, ChannelName channel, long dropped) => throw new InvalidOperationException(policy);

    public void OnPresenceDropped() => throw new InvalidOperationException("A delivery was dropped.");

    public void OnGap(Subscription subscription) => throw new InvalidOperationException("A delivery was dropped.");
}
