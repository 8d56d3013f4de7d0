using System.Net;

namespace Gateway.Server.Options;

/// <summary><c>Gateway:Proxy</c>: the proxies in front of the public port. Immutable.</summary>
internal sealed record ProxyOptions
{
    /// <summary>Whether every public connection begins with a PROXY protocol header. Default false.</summary>
    public bool Protocol { get; init; }

    /// <summary>Proxies whose <c>X-Forwarded-For</c> is believed. Default: none.</summary>
    public IReadOnlyList<IPNetwork> Trusted { get; init; } = [];
}
