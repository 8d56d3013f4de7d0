using System.Net;
using System.Net.Sockets;
using Gateway.Server.Listening.EventLoop;

namespace Gateway.Tests.Listening.EventLoop;

/// <summary>What happens to a client for whom there is no file.</summary>
public sealed class SpareDescriptorTests
{
    [Fact]
    public void A_waiting_client_is_accepted_and_closed_once()
    {
        using var spare = new SpareDescriptor();
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        int descriptor = (int)listener.SafeHandle.DangerousGetHandle();
        Assert.False(spare.TryRefuse(descriptor));
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);

        Assert.True(spare.TryRefuse(descriptor));

        Assert.Equal(0, client.Receive(new byte[1]));
        Assert.False(spare.TryRefuse(descriptor));
    }
}
