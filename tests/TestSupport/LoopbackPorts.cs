using System.Net;
using System.Net.Sockets;

namespace Gateway.TestSupport;

/// <summary>Safe for any thread. Loopback ports for what is given its port, is stopped, and comes back on the same one.</summary>
/// <remarks>
/// Below the ports the kernel gives to outgoing connections: one of those could take the port while its owner is away, and
/// a client that keeps connecting to it could even reach itself.
/// </remarks>
internal static class LoopbackPorts
{
    private const int First = 10_000;

    /// <summary>So that a Redis cluster's bus port, 10,000 higher, is below the kernel's too.</summary>
    private const int End = 22_000;

    private const int BusOffset = 10_000;
    private static readonly HashSet<int> Taken = [];

    /// <summary>A port on which nothing listens, nor on the one 10,000 higher; never the same twice.</summary>
    public static int Next()
    {
        while (true)
        {
            int port = Random.Shared.Next(First, End);
            lock (Taken)
            {
                if (Taken.Add(port) && IsFree(port) && IsFree(port + BusOffset))
                    return port;
            }
        }
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
