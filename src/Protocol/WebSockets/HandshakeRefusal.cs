using System.Globalization;
using Gateway.Protocol.Messages;

namespace Gateway.Protocol.WebSockets;

/// <summary>
/// A plain HTTP answer that says what is wrong with a request. The static properties are the table of all refusals. Immutable.
/// </summary>
/// <param name="StatusCode">The HTTP status, RFC 9110 section 15.</param>
/// <param name="Error">The code for programs: one of <see cref="ErrorCode"/>.</param>
/// <param name="Message">The sentence for the person who writes the client.</param>
internal sealed record HandshakeRefusal(int StatusCode, string Error, string Message)
{
    /// <summary>The label in metrics and logs: <see cref="Error"/>, or a finer one. Clients do not see it.</summary>
    public string Reason { get; init; } = Error;

    /// <summary>The pause before the next attempt. Null to leave it to the client.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>
    /// The <c>WWW-Authenticate</c> that RFC 9110 section 15.5.2 demands of a 401, in the form of RFC 6750 section 3. It has the message,
    /// because WebSocket clients show the headers of a refusal but not its body. Characters that a header may not have become question
    /// marks.
    /// </summary>
    public string Challenge => this == TokenMissing
        ? "Bearer"
        : $"Bearer error=\"invalid_token\", error_description=\"{string.Concat(Message.Select(Quotable))}\"";

    // The request line, RFC 9112 section 3.
    public static HandshakeRefusal EmptyFirstLine { get; } = BadRequest("the request starts with an empty line");
    public static HandshakeRefusal RequestLineMalformed { get; } = BadRequest("the request line must be: GET target HTTP/1.1");
    public static HandshakeRefusal RequestLineCharacters { get; } = BadRequest("the request line may hold visible ASCII characters only");
    public static HandshakeRefusal MethodNotGet { get; } = BadRequest("the method of a WebSocket upgrade must be GET");
    public static HandshakeRefusal TargetNotOriginForm { get; } = BadRequest("the request target must start with a slash");
    public static HandshakeRefusal TargetFragment { get; } = BadRequest("the request target must not have a fragment");
    public static HandshakeRefusal HttpVersion { get; } = BadRequest("a WebSocket upgrade must use HTTP/1.1");

    // Header lines, RFC 9112 section 5.
    public static HandshakeRefusal LineEnding { get; } = BadRequest("every line must end in CRLF, and neither may stand alone");
    public static HandshakeRefusal HeaderFolded { get; } = BadRequest("a header must not be folded over several lines");
    public static HandshakeRefusal HeaderWithoutColon { get; } = BadRequest("a header line has no colon");
    public static HandshakeRefusal HeaderNameBlank { get; } = BadRequest("a blank stands between a header name and its colon");
    public static HandshakeRefusal HeaderName { get; } = BadRequest("a header name is not a token");
    public static HandshakeRefusal HeaderValue { get; } = BadRequest("a header value holds a control character");
    public static HandshakeRefusal Body { get; } = BadRequest("an upgrade request must not have a body");

    // The handshake, RFC 6455 section 4.2.1.
    public static HandshakeRefusal HostMissing { get; } = BadRequest("the Host header is missing or empty");
    public static HandshakeRefusal HostMalformed { get; } = BadRequest("the Host header must be one host, optionally with a port");
    public static HandshakeRefusal OriginMalformed { get; } = BadRequest("the Origin header must be one origin");
    public static HandshakeRefusal UpgradeMissing { get; } = BadRequest("the Upgrade header must name websocket");
    public static HandshakeRefusal ConnectionMissing { get; } = BadRequest("the Connection header must name Upgrade");
    public static HandshakeRefusal KeyMissing { get; } = BadRequest("the Sec-WebSocket-Key header is missing");
    public static HandshakeRefusal KeyMalformed { get; } = BadRequest("Sec-WebSocket-Key must be the base64 of 16 bytes");
    public static HandshakeRefusal SubprotocolMalformed { get; } = BadRequest("Sec-WebSocket-Protocol must list non-empty tokens");
    public static HandshakeRefusal SubprotocolRepeated { get; } = BadRequest("Sec-WebSocket-Protocol names a subprotocol twice");
    public static HandshakeRefusal ExtensionsMalformed { get; } =
        BadRequest("Sec-WebSocket-Extensions must list extensions and their parameters");
    public static HandshakeRefusal UnknownSubprotocol { get; } =
        BadRequest($"none of the offered subprotocols is supported; supported: {Subprotocol.Json}");

    /// <summary>RFC 6455 section 4.4: the answer names the supported version.</summary>
    public static HandshakeRefusal Version { get; } = new(426, ErrorCode.BadRequest, "Sec-WebSocket-Version must be 13");

    /// <summary>The answer to an ordinary request for a path that takes only upgrades.</summary>
    public static HandshakeRefusal UpgradeRequired { get; } =
        new(426, ErrorCode.BadRequest, "this is a WebSocket endpoint: connect with an upgrade request");

    public static HandshakeRefusal TooManyHeaders { get; } = TooLarge("headers", HandshakeRequestParser.MaxHeaders);

    public static HandshakeRefusal ForbiddenOrigin { get; } = new(403, ErrorCode.Forbidden, "this origin is not allowed");

    public static HandshakeRefusal CookieWithoutOrigin { get; } =
        new(403, ErrorCode.Forbidden, "a token in a cookie is believed only with an allowed Origin header");

    public static HandshakeRefusal TokenMissing { get; } = Unauthorized("a token is needed");

    public static HandshakeRefusal TooManyRequests { get; } =
        new(429, ErrorCode.RateLimited, "too many connections or connection attempts");

    public static HandshakeRefusal Unavailable { get; } = new(503, ErrorCode.Unavailable, "the gateway takes no connections at the moment");

    /// <summary>Refuses a second header of a kind of which one decides: a proxy in front may have obeyed the other one.</summary>
    public static HandshakeRefusal Repeated(string header) => BadRequest($"the {header} header was sent more than once");

    public static HandshakeRefusal HeadTooLarge(int maxHeadBytes) => TooLarge("bytes", maxHeadBytes);

    public static HandshakeRefusal Unauthorized(string message) => new(401, ErrorCode.Unauthorized, message);

    private static char Quotable(char letter) => letter is < ' ' or > '~' or '"' or '\\' ? '?' : letter;

    private static HandshakeRefusal BadRequest(string message) => new(400, ErrorCode.BadRequest, message);

    private static HandshakeRefusal TooLarge(string unit, int limit) =>
        new(431, ErrorCode.LimitExceeded, string.Create(CultureInfo.InvariantCulture, $"the request head has more than {limit} {unit}"));
}
