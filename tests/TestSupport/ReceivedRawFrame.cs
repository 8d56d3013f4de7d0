using System.Buffers.Binary;
using System.Text;

namespace Gateway.TestSupport;

/// <summary>One frame as the server sent it, uninterpreted.</summary>
public sealed record ReceivedRawFrame(bool Fin, int Rsv, int Opcode, bool Masked, byte[] Payload)
{
    public string Text => Encoding.UTF8.GetString(Payload);

    /// <summary>The code of a close frame. 1005 without one.</summary>
    public int CloseCode => Payload.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(Payload) : 1005;

    public string CloseReason => Payload.Length > 2 ? Encoding.UTF8.GetString(Payload.AsSpan(2)) : "";
}
