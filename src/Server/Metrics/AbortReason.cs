namespace Gateway.Server.Metrics;

/// <summary>Why a connection was ended without an answer.</summary>
internal enum AbortReason
{
    /// <summary>Its request head, or PROXY header, was not complete within <c>Limits:Handshake</c>.</summary>
    HandshakeTimeout,

    /// <summary>It did not begin with a PROXY header, where every connection must.</summary>
    NoProxyHeader,

    /// <summary>Its address has all the sockets that <c>Limits:SocketsPerAddress</c> allows.</summary>
    AddressSockets,

    /// <summary>No more files may be opened.</summary>
    OpenFiles,
}
