using System.Net;
using System.Net.Sockets;

namespace Gateway.Server.Options;

/// <summary>
/// One address to listen on, as written in <c>Gateway:Public</c> and <c>Gateway:Internal</c>: <c>http://127.0.0.1:8080</c>. Immutable.
/// </summary>
/// <param name="Scheme"><c>http</c> or <c>https</c>.</param>
/// <param name="Address">
/// The interface; <see cref="IPAddress.IPv6Any"/> for <c>*</c>, which takes IPv4 too where the system has both.
/// </param>
/// <param name="Port">0 lets the system choose a free port.</param>
internal sealed record ListenAddress(string Scheme, IPAddress Address, int Port)
{
    public bool IsLoopback => IPAddress.IsLoopback(Address);

    public bool IsTls => Scheme == "https";

    /// <summary>Whether both would bind the same port of the same interface. Port 0 never collides.</summary>
    public bool Collides(ListenAddress other) =>
        Port != 0 && Port == other.Port && (Address.Equals(other.Address) || IsAny(Address) || IsAny(other.Address));

    /// <summary>Reads <c>scheme://address[:port]</c>. The address is an IP address, <c>localhost</c> (127.0.0.1) or <c>*</c>.</summary>
    public static ListenAddress? TryParse(string text, out string problem)
    {
        problem = "";
        int mark = text.IndexOf("://", StringComparison.Ordinal);
        string scheme = mark < 0 ? "" : text[..mark].ToLowerInvariant();
        if (scheme is not ("http" or "https"))
        {
            problem = $"'{text}' must look like http://127.0.0.1:8080 or https://…";
            return null;
        }
        string rest = text[(mark + 3)..].TrimEnd('/');
        int port = scheme == "https" ? 443 : 80;
        int colon = rest.LastIndexOf(':');
        if (colon > rest.LastIndexOf(']'))
        {
            if (!int.TryParse(rest[(colon + 1)..], out port) || port is < 0 or > 65535)
            {
                problem = $"'{text}' has no valid port (0 to 65535)";
                return null;
            }
            rest = rest[..colon];
        }
        if (TryParseHost(rest) is { } address)
            return new ListenAddress(scheme, address, port);
        problem = $"'{rest}' in '{text}' is not an IP address, 'localhost' or '*'";
        return null;
    }

    private static IPAddress? TryParseHost(string host) => host switch
    {
        "localhost" => IPAddress.Loopback,
        "*" or "+" => Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any,
        _ => IPAddress.TryParse(host, out var address) ? address : null,
    };

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    public override string ToString() => $"{Scheme}://{new IPEndPoint(Address, Port)}";
}
