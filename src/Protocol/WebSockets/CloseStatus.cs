using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Gateway.Protocol.WebSockets;

/// <summary>The code and the reason of a close frame, and the answer to a violation of the protocol. Immutable.</summary>
internal readonly record struct CloseStatus(CloseCode Code, string Reason)
{
    /// <summary>
    /// Whether a close frame may have the code (RFC 6455 7.4). 1004 is reserved. 1005, 1006 and 1015 stand for events without a frame.
    /// 1012-1014 were registered later. 3000-4999 belong to libraries and applications.
    /// </summary>
    public static bool IsLegal(int code) => code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);

    /// <summary>Reads a close frame's unmasked payload (RFC 6455 5.5.1).</summary>
    /// <returns>False if the payload is a violation, which is then in <paramref name="status"/>.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> payload, out CloseStatus status)
    {
        if (payload.IsEmpty)
        {
            status = new CloseStatus(CloseCode.NoStatus, "");
            return true;
        }
        if (payload.Length < sizeof(ushort))
        {
            status = Violations.TruncatedCloseCode;
            return false;
        }
        ushort code = BinaryPrimitives.ReadUInt16BigEndian(payload);
        if (!IsLegal(code))
        {
            status = Violations.IllegalCloseCode;
            return false;
        }
        var reason = payload[sizeof(ushort)..];
        if (!Utf8.IsValid(reason))
        {
            status = Violations.InvalidCloseReason;
            return false;
        }
        status = new CloseStatus((CloseCode)code, Encoding.UTF8.GetString(reason));
        return true;
    }
}
