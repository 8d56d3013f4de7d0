using System.Buffers;
using System.Text;
using Gateway.Protocol.Compression;

namespace Gateway.Protocol.WebSockets;

/// <summary>
/// The headers of an upgrade request, collected one by one and checked as RFC 6455 section 4.2.1 demands. A local of one call, never
/// shared.
/// </summary>
internal struct HandshakeHeaders
{
    // The characters of uri-host and port, RFC 3986 section 3.2: no blank, no slash, no user name before an @.
    private static readonly SearchValues<char> HostCharacters = SearchValues.Create(
        "!$%&'()*+,-.:;=[]_~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private string? _host;
    private string? _key;
    private string? _version;
    private string? _origin;
    private string? _authorization;
    private string? _cookie;
    private string? _forwardedFor;
    private string? _extensions;
    private List<string>? _subprotocols;
    private bool _upgradesToWebSocket;
    private bool _connectionUpgrades;

    /// <summary>Adds a header.</summary>
    /// <returns>The refusal of a header that is wrong by itself. Null when the header is right.</returns>
    public HandshakeRefusal? Add(HeaderLine header)
    {
        if (header.Is("Host"))
            return SetOnce(ref _host, "Host", header);
        if (header.Is("Sec-WebSocket-Key"))
            return SetOnce(ref _key, "Sec-WebSocket-Key", header);
        if (header.Is("Sec-WebSocket-Version"))
            return SetOnce(ref _version, "Sec-WebSocket-Version", header);
        if (header.Is("Origin"))
            return SetOnce(ref _origin, "Origin", header);
        if (header.Is("Authorization"))
            return SetOnce(ref _authorization, "Authorization", header);
        if (header.Is("Sec-WebSocket-Protocol"))
            return AddSubprotocols(header.Value);
        // The gateway would read a body as frames and a proxy as a body, which is how requests are smuggled (RFC 9112 section 11.2).
        if (header.Is("Transfer-Encoding"))
            return HandshakeRefusal.Body;
        if (header.Is("Content-Length"))
            return header.Value.SequenceEqual("0"u8) ? null : HandshakeRefusal.Body;
        if (header.Is("Upgrade"))
            _upgradesToWebSocket |= HttpToken.ListContains(header.Value, "websocket"u8);
        else if (header.Is("Connection"))
            _connectionUpgrades |= HttpToken.ListContains(header.Value, "Upgrade"u8);
        else if (header.Is("X-Forwarded-For"))
            _forwardedFor = Join(_forwardedFor, ", ", header);
        else if (header.Is("Sec-WebSocket-Extensions"))
            _extensions = Join(_extensions, ", ", header);
        else if (header.Is("Cookie"))
            // A proxy may split the header: RFC 9113 section 8.2.3.
            _cookie = Join(_cookie, "; ", header);
        return null;
    }

    /// <summary>Checks all headers together, and makes the request of them.</summary>
    /// <returns>The refusal. Null when the headers make a handshake, and <paramref name="request"/> is set.</returns>
    public readonly HandshakeRefusal? Complete(RequestLine line, out HandshakeRequest? request)
    {
        request = null;
        if (string.IsNullOrEmpty(_host))
            return HandshakeRefusal.HostMissing;
        if (_host.AsSpan().ContainsAnyExcept(HostCharacters))
            return HandshakeRefusal.HostMalformed;
        if (!_upgradesToWebSocket)
            return HandshakeRefusal.UpgradeMissing;
        if (!_connectionUpgrades)
            return HandshakeRefusal.ConnectionMissing;
        if (_version != "13")
            return HandshakeRefusal.Version;
        if (_key is null)
            return HandshakeRefusal.KeyMissing;
        if (!IsKey(_key))
            return HandshakeRefusal.KeyMalformed;
        if (_origin is not null && !IsOrigin(_origin))
            return HandshakeRefusal.OriginMalformed;
        if (HasRepeatedSubprotocol())
            return HandshakeRefusal.SubprotocolRepeated;
        if (!ExtensionList.TryAgree(Encoding.Latin1.GetBytes(_extensions ?? ""), out var deflate))
            return HandshakeRefusal.ExtensionsMalformed;
        request = new HandshakeRequest
        {
            Path = Encoding.ASCII.GetString(line.Path),
            Query = Encoding.ASCII.GetString(line.Query),
            Host = _host,
            Key = _key,
            Origin = _origin,
            Authorization = _authorization,
            Cookie = _cookie,
            ForwardedFor = _forwardedFor,
            Subprotocols = _subprotocols ?? [],
            Deflate = deflate,
        };
        return null;
    }

    private static HandshakeRefusal? SetOnce(ref string? field, string name, HeaderLine header)
    {
        if (field is not null)
            return HandshakeRefusal.Repeated(name);
        field = header.Text;
        return null;
    }

    private static string Join(string? before, string separator, HeaderLine header) =>
        before is null ? header.Text : before + separator + header.Text;

    private HandshakeRefusal? AddSubprotocols(ReadOnlySpan<byte> list)
    {
        _subprotocols ??= [];
        foreach (var range in list.Split((byte)','))
        {
            var element = list[range].Trim(HttpToken.Blanks);
            if (!HttpToken.IsToken(element))
                return HandshakeRefusal.SubprotocolMalformed;
            _subprotocols.Add(Encoding.ASCII.GetString(element));
        }
        return null;
    }

    /// <summary>
    /// Looks for a repeated name with a set. A head has room for thousands of names, so comparing all pairs would be a gift to attackers.
    /// </summary>
    private readonly bool HasRepeatedSubprotocol() =>
        _subprotocols is { Count: > 1 } all && new HashSet<string>(all, StringComparer.Ordinal).Count < all.Count;

    /// <summary>Whether the key is the base64 of 16 bytes. The length is checked as well, because the decoder skips blanks.</summary>
    private static bool IsKey(string key)
    {
        Span<byte> nonce = stackalloc byte[16];
        return key.Length == 24 && Convert.TryFromBase64String(key, nonce, out int length) && length == nonce.Length;
    }

    /// <summary>
    /// Whether the origin is as RFC 6454 section 7.1 says, but not a list: no browser sends one, and no policy could judge it.
    /// </summary>
    private static bool IsOrigin(string origin) => origin.Length > 0 && !origin.AsSpan().ContainsAnyExceptInRange('!', '~');
}
