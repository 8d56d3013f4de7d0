using Gateway.Protocol.WebSockets;
using Gateway.Server.Channels;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Naming;

namespace Gateway.Tests.Connections;

/// <summary>An owner of a writer that is told of everything and does nothing.</summary>
internal sealed class SilentOwner : IWriterOwner
{
    public ConnectionId Id => default;

    public void OnSlow(CloseStatus status)
    {
    }

    public void OnOverflow(string policy, ChannelName channel, long dropped)
    {
    }

    public void OnPresenceDropped()
    {
    }

    public void OnGap(Subscription subscription)
    {
    }
}
