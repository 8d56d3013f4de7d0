using System.Net;
using System.Net.Sockets;

namespace Gateway.TestSupport;

/// <summary>Loopback ports for servers that are given a port, and that start again on the same one. Safe for any thread.</summary>
/// <remarks>
/// Below the ports the kernel gives to outgoing connections: one of those could take the port while its owner is away, and
/// a client that keeps connecting to it could even reach itself.
/// </remarks>
internal static class LoopbackPorts
{
    private const int First = 10_000;

    /// <summary>The highest port. A Redis cluster's bus port, 10,000 higher, is then below the ports that the kernel gives.</summary>
    private const int End = 22_000;

    private const int BusOffset = 10_000;
    private static readonly HashSet<int> Taken = [];

    /// <summary>Returns a port that is free, as is the one 10,000 higher. No port is returned twice.</summary>
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
