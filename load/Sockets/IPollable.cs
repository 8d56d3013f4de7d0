using System.Net.Sockets;

namespace Gateway.Load.Sockets;

/// <summary>Called by one <see cref="EventLoop"/> on its thread.</summary>
internal interface IPollable
{
    Socket Socket { get; }

    /// <summary>Something can be read, or has ended; or something can be written.</summary>
    void OnReady(bool readable, bool writable);
}
