using System.Net;
using System.Security.Cryptography;
using System.Text;
using Gateway.Server.Options;

namespace Gateway.Server.Api;

/// <summary>
/// Who may use the API. Safe for any thread. Keys are compared as hashes, all of them and each to its end: how long it takes tells nothing
/// about a key, not even its length.
/// </summary>
internal sealed class ApiAccess(GatewayOptions options)
{
    private const string Scheme = "Bearer ";

    private readonly byte[][] _keys = [.. options.Api.Keys.Select(key => SHA256.HashData(Encoding.UTF8.GetBytes(key)))];

    /// <summary>Null when the caller is let in.</summary>
    public ApiReply? Refuse(HttpContext context)
    {
        if (_keys.Length == 0)
            return IsLocal(context) ? null : ApiProblem.NotLocal;
        return IsKnown(context.Request.Headers.Authorization.ToString()) ? null : ApiProblem.Unauthorized;
    }

    private bool IsKnown(string authorization)
    {
        if (!authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return false;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(authorization[Scheme.Length..].Trim()), hash);
        bool known = false;
        foreach (byte[] key in _keys)
            known |= CryptographicOperations.FixedTimeEquals(hash, key);
        return known;
    }

    /// <summary>
    /// A browser on this machine is local too, whatever page it shows. Pages of others are known by their Origin; and those that let their
    /// name point here, to get around that, by the name in Host.
    /// </summary>
    private static bool IsLocal(HttpContext context)
    {
        var request = context.Request;
        bool isHere = context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address);
        bool isNamed = request.Host.Host is { } host && (host is "localhost" || IPAddress.TryParse(host.Trim('[', ']'), out _));
        string origin = request.Headers.Origin.ToString();
        return isHere && isNamed && (origin.Length == 0 || origin == $"{request.Scheme}://{request.Host.Value}");
    }
}
