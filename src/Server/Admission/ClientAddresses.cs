using System.Net;
using System.Net.Sockets;
using Gateway.Server.Options;

namespace Gateway.Server.Admission;

/// <summary>
/// The address of a client: the one that a trusted proxy forwards, or else that of the other end of its connection. Immutable.
/// </summary>
internal sealed class ClientAddresses(GatewayOptions options)
{
    private readonly IReadOnlyList<IPNetwork> _trusted = options.Proxy.Trusted;

    /// <summary>The address of the client of an HTTP request.</summary>
    public IPAddress Of(HttpContext context) =>
        Of(new IPEndPoint(context.Connection.RemoteIpAddress ?? IPAddress.None, 0), context.Request.Headers["X-Forwarded-For"].ToString());

    /// <param name="peer">The other end of the connection, or what the PROXY protocol says it is.</param>
    /// <param name="forwardedFor">X-Forwarded-For, several headers joined in order; null for none.</param>
    public IPAddress Of(EndPoint? peer, string? forwardedFor)
    {
        var address = Plain((peer as IPEndPoint)?.Address ?? IPAddress.None);
        if (_trusted.Count == 0 || string.IsNullOrEmpty(forwardedFor))
            return address;
        // Each proxy adds the address of its peer on the right. Read from there to the first that is no proxy of ours: anything
        // left of that one may be forged.
        var list = forwardedFor.AsSpan();
        while (IsTrusted(address))
        {
            int comma = list.LastIndexOf(',');
            if (Parse(list[(comma + 1)..].Trim()) is not { } further)
                break;
            address = further;
            if (comma < 0)
                break;
            list = list[..comma];
        }
        return address;
    }

    /// <summary>Whether the address is one of a trusted proxy.</summary>
    public bool IsTrusted(IPAddress address)
    {
        if (_trusted.Count == 0)
            return false;
        address = Plain(address);
        foreach (var network in _trusted)
        {
            if (network.Contains(address))
                return true;
        }
        return false;
    }

    /// <summary>An address, with a port as some proxies write it or without. Null for anything else, such as <c>unknown</c>.</summary>
    private static IPAddress? Parse(ReadOnlySpan<char> text)
    {
        if (!IPEndPoint.TryParse(text, out var end))
            return null;
        // The platform also reads "1" and "0x7f.1", which no proxy writes.
        if (end.AddressFamily == AddressFamily.InterNetwork && text.Count('.') != 3)
            return null;
        return Plain(end.Address);
    }

    /// <summary>
    /// IPv4 as such, also where it came in by a socket for both; without the scope that is the name of an interface here.
    /// </summary>
    private static IPAddress Plain(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        return address is { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: not 0 }
            ? new IPAddress(address.GetAddressBytes())
            : address;
    }
}
