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

        var peer = new PeerAddress().Read(address);

        Assert.Equal(0, Libc.Close(accepted));
        Assert.Equal(IPAddress.Parse(expected), peer.Address);
        Assert.Equal(((IPEndPoint)client.LocalEndPoint!).Port, peer.Port);
    }

    [Fact]
    public void Connections_of_one_address_share_it()
    {
        var addresses = new PeerAddress();
        byte[] first = V4(1, [10, 0, 0, 1]), second = V4(2, [10, 0, 0, 1]), other = V4(1, [10, 0, 0, 2]);

        Assert.Same(addresses.Read(first).Address, addresses.Read(second).Address);
        Assert.Equal("10.0.0.2:1", addresses.Read(other).ToString());
        Assert.Equal("10.0.0.1:2", addresses.Read(second).ToString());

        static byte[] V4(byte port, byte[] address) =>
            [2, 0, 0, port, .. address, .. new byte[PeerAddress.MaxBytes - 8]];
    }

    [Fact]
    public void Addresses_that_take_each_others_places_are_read_as_they_are()
    {
        var addresses = new PeerAddress();
        for (int i = 0; i < 10_000; i++)
        {
            byte[] address = [2, 0, 0, 80, 10, 0, (byte)(i >> 8), (byte)i, .. new byte[PeerAddress.MaxBytes - 8]];
            Assert.Equal($"10.0.{i >> 8}.{i & 0xFF}:80", addresses.Read(address).ToString());
        }
    }
}
