using System.Net;
using Gateway.Server.Admission;
using Gateway.Server.Audit;
using Gateway.Server.Metrics;

namespace Gateway.Server.Listening.EventLoop;

/// <summary>The sockets that the loops accept, in the counts of the node and of their addresses. Safe for any thread.</summary>
internal sealed class AcceptedSockets(OpenSockets open, AddressSockets addresses, AuditLog audit)
{
    /// <summary>Counts one more. False when it has no place: the caller closes it.</summary>
    public bool TryAdd(IPEndPoint peer)
    {
        if (!open.TryAdd())
        {
            RefuseForFiles(peer);
            return false;
        }
        if (addresses.TryAdd(peer))
            return true;
        open.Remove();
        return false;
    }

    public void Remove(IPEndPoint peer)
    {
        addresses.Remove(peer);
        open.Remove();
    }

    /// <summary>A socket that was handed over is closed without having reached the HTTP server's middleware.</summary>
    public void Forget() => open.Remove();

    /// <summary>The HTTP server's middleware counts the address from now on, and undoes both counts.</summary>
    public void HandOver(IPEndPoint peer) => addresses.Remove(peer);

    /// <summary>The process has no file left for the socket.</summary>
    public void RefuseForFiles(EndPoint? peer) => audit.Aborted(peer, AbortReason.OpenFiles);
}
