using System.Net;
using System.Net.Sockets;
using Gateway.Server.Listening.EventLoop;

namespace Gateway.Tests.Listening.EventLoop;

/// <summary>The kernel's addresses, taken from real sockets.</summary>
public sealed class PeerAddressTests
{
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1", "::1")]
    [InlineData("::", "127.0.0.1", "127.0.0.1")]
    [InlineData("::", "::1", "::1")]
    public void The_other_end_of_an_accepted_socket_is_read(string listen, string connect, string expected)
    {
        var any = IPAddress.Parse(listen);
        using var listener = new Socket(any.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (any.AddressFamily == AddressFamily.InterNetworkV6)
            listener.DualMode = any.Equals(IPAddress.IPv6Any);
        listener.Bind(new IPEndPoint(any, 0));
        listener.Listen();
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        client.Connect(IPAddress.Parse(connect), ((IPEndPoint)listener.LocalEndPoint!).Port);
        byte[] address = new byte[PeerAddress.MaxBytes];
        int length = address.Length;
        int accepted = Libc.Accept((int)listener.SafeHandle.DangerousGetHandle(), ref address[0], ref length, Libc.CloseOnExec);

        var peer = PeerAddress.Read(address);

        Assert.Equal(0, Libc.Close(accepted));
        Assert.Equal(IPAddress.Parse(expected), peer.Address);
        Assert.Equal(((IPEndPoint)client.LocalEndPoint!).Port, peer.Port);
    }
}
