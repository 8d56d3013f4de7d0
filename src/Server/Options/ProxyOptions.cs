using System.Net;

namespace Gateway.Server.Options;

/// <summary>Immutable. <c>Gateway:Proxy</c>: what stands in front of the public port.</summary>
internal sealed record ProxyOptions
{
    /// <summary>Whether every public connection begins with a PROXY protocol header. Default false.</summary>
    public bool Protocol { get; init; }

    /// <summary>Proxies whose <c>X-Forwarded-For</c> is believed. Default: none.</summary>
    public IReadOnlyList<IPNetwork> Trusted { get; init; } = [];
}
