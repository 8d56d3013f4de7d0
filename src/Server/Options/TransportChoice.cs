namespace Gateway.Server.Options;

/// <summary><c>Gateway:Transport:Kind</c>: how the sockets of the public port are served.</summary>
internal enum TransportChoice
{
    /// <summary>By event loops where they can, and else by Kestrel's sockets.</summary>
    Auto,

    /// <summary>By event loops. Where they cannot serve the port, the gateway does not start.</summary>
    Epoll,

    /// <summary>By Kestrel's sockets.</summary>
    Sockets,
}
