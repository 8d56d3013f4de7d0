namespace Gateway.Server.Metrics;

/// <summary>The names of reasons in metrics. Stateless.</summary>
internal static class AbortReasons
{
    public static string Label(this AbortReason reason) => reason switch
    {
        AbortReason.HandshakeTimeout => "handshake_timeout",
        AbortReason.NoProxyHeader => "no_proxy_header",
        AbortReason.AddressSockets => "address_sockets",
        _ => "open_files",
    };
}
