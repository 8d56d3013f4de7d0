using System.Globalization;

namespace Gateway.Protocol.WebSockets;

/// <summary>
/// Every way in which a client can break RFC 6455, and the close frame that answers it. The reasons are for the developer of the client:
/// short, in plain words, and under the 123 bytes that a close frame has room for. Immutable.
/// </summary>
internal static class Violations
{
    // 5.1: "a server MUST close the connection upon receiving a frame that is not masked".
    public static readonly CloseStatus Unmasked = Protocol("client frame is not masked");

    // 5.2: the first byte.
    public static readonly CloseStatus ReservedBits = Protocol("reserved bits are set without an extension");
    public static readonly CloseStatus ReservedOpcode = Protocol("reserved opcode");

    // RFC 7692 6.1: only the first frame of a message may say that it is compressed.
    public static readonly CloseStatus MisplacedCompression = Protocol("a control or continuation frame is marked as compressed");

    // 5.2: "the minimal number of bytes MUST be used", "the most significant bit MUST be 0".
    public static readonly CloseStatus NonMinimalLength = Protocol("payload length is not minimally encoded");
    public static readonly CloseStatus NegativeLength = Protocol("payload length has its top bit set");

    // 5.4: fragmentation.
    public static readonly CloseStatus ContinuationWithoutStart = Protocol("continuation frame without a message to continue");
    public static readonly CloseStatus MessageInsideMessage = Protocol("new message inside a fragmented message");

    // 5.5: control frames.
    public static readonly CloseStatus FragmentedControl = Protocol("control frame is fragmented");
    public static readonly CloseStatus ControlTooLong = Protocol("control frame exceeds 125 bytes");
    public static readonly CloseStatus TruncatedCloseCode = Protocol("close frame has half a close code");
    public static readonly CloseStatus IllegalCloseCode = Protocol("close code is not allowed in a frame");

    // 8.1: errors in UTF-8.
    public static readonly CloseStatus InvalidText = new(CloseCode.InvalidPayload, "text is not valid UTF-8");
    public static readonly CloseStatus InvalidCloseReason = new(CloseCode.InvalidPayload, "close reason is not valid UTF-8");

    // RFC 7692 7.2.2 leaves the code open: what is inside the message is wrong, not its frames.
    public static readonly CloseStatus InvalidCompression = new(CloseCode.InvalidPayload, "message is not valid deflated data");

    /// <summary>Whether the violation is the payload of a close frame.</summary>
    public static bool AreOfClose(CloseStatus violation) =>
        violation == TruncatedCloseCode || violation == IllegalCloseCode || violation == InvalidCloseReason;

    // 7.4.1: 1009.
    public static CloseStatus MessageTooBig(int limit) =>
        new(CloseCode.MessageTooBig, string.Create(CultureInfo.InvariantCulture, $"message exceeds {limit} bytes"));

    public static CloseStatus TooManyFragments(int limit) =>
        new(
            CloseCode.MessageTooBig,
            string.Create(CultureInfo.InvariantCulture, $"message of at most {limit} bytes has too many fragments"));

    private static CloseStatus Protocol(string reason) => new(CloseCode.ProtocolError, reason);
}
