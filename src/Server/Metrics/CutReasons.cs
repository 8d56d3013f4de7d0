namespace Gateway.Server.Metrics;

/// <summary>Stateless. The names of reasons in metrics.</summary>
internal static class CutReasons
{
    public static string Label(this CutReason reason) => reason switch
    {
        CutReason.HandshakeTimeout => "handshake_timeout",
        CutReason.NoProxyHeader => "no_proxy_header",
        CutReason.AddressSockets => "address_sockets",
        _ => "open_files",
    };
}
