namespace Gateway.Server.Options;

/// <summary><c>Gateway:Transport:Kind</c>: how the sockets of the public port are served.</summary>
internal enum TransportChoice
{
    /// <summary>By event loops where there are any, and else by Kestrel's sockets.</summary>
    Auto,

    /// <summary>By event loops, on Linux.</summary>
    Epoll,

    /// <summary>By Kestrel's sockets.</summary>
    Sockets,
}
