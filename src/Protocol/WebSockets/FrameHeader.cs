using System.Buffers;
using System.Buffers.Binary;

namespace Gateway.Protocol.WebSockets;

/// <summary>The header of a client's frame, checked against every rule that needs no payload. Immutable.</summary>
internal readonly record struct FrameHeader(Opcode Opcode, bool IsFinal, bool IsCompressed, int PayloadLength, uint MaskingKey, int Size)
{
    /// <summary>The longest header: two bytes, a 64-bit length and a masking key.</summary>
    public const int MaxBytes = 14;

    // RFC 6455 5.2:
    //
    //   0               1               2               3
    //  +-+-+-+-+-------+-+-------------+-------------------------------+
    //  |F|R|R|R| opcode|M| Payload len |   Extended payload length     |
    //  |I|S|S|S|  (4)  |A|     (7)     |   16 bits when len is 126,    |
    //  |N|V|V|V|       |S|             |   64 bits when len is 127     |
    //  | |1|2|3|       |K|             |                               |
    //  +-+-+-+-+-------+-+-------------+-------------------------------+
    //  |   Masking key, 32 bits, always there in a client's frame      |
    //  +---------------------------------------------------------------+
    private const byte FinalBit = 0x80;
    private const byte ReservedBits = 0x70;
    // RFC 7692 6: RSV1, "Per-Message Compressed", of a message's first frame.
    private const byte CompressedBit = 0x40;
    private const byte OpcodeBits = 0x0F;
    private const byte MaskBit = 0x80;
    private const byte LengthBits = 0x7F;
    private const byte Length16 = 126;
    private const byte LongestControl = 125;
    private const int KeyBytes = 4;

    public static bool IsControl(Opcode opcode) => opcode >= Opcode.Close;

    /// <summary>Reads a header from the bytes received so far.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="message">The message that is being received.</param>
    /// <param name="allowsCompression">Whether permessage-deflate was agreed on.</param>
    /// <param name="header">The header.</param>
    /// <param name="violation">The rule that it breaks.</param>
    /// <returns>Done, NeedMoreData, or InvalidData with the violation as soon as the byte that commits it is there.</returns>
    public static OperationStatus Read(
        ReadOnlySpan<byte> bytes, in MessageAssembly message, bool allowsCompression, out FrameHeader header, out CloseStatus violation)
    {
        header = default;
        violation = default;
        if (bytes.IsEmpty)
            return OperationStatus.NeedMoreData;
        bool isFinal = (bytes[0] & FinalBit) != 0;
        var opcode = (Opcode)(bytes[0] & OpcodeBits);
        bool isCompressed = allowsCompression && (bytes[0] & CompressedBit) != 0;
        if ((bytes[0] & ReservedBits) != (isCompressed ? CompressedBit : 0))
            return Invalid(Violations.ReservedBits, out violation);
        if (isCompressed && opcode is not (Opcode.Text or Opcode.Binary))
            return Invalid(Violations.MisplacedCompression, out violation);
        switch (opcode)
        {
            case Opcode.Text or Opcode.Binary:
                if (message.IsOpen)
                    return Invalid(Violations.MessageInsideMessage, out violation);
                break;
            case Opcode.Continuation:
                if (!message.IsOpen)
                    return Invalid(Violations.ContinuationWithoutStart, out violation);
                break;
            case Opcode.Close or Opcode.Ping or Opcode.Pong:
                if (!isFinal)
                    return Invalid(Violations.FragmentedControl, out violation);
                break;
            default:
                return Invalid(Violations.ReservedOpcode, out violation);
        }
        if (bytes.Length < 2)
            return OperationStatus.NeedMoreData;
        if ((bytes[1] & MaskBit) == 0)
            return Invalid(Violations.Unmasked, out violation);
        int size = 2;
        long length = bytes[1] & LengthBits;
        if (length > LongestControl)
        {
            if (IsControl(opcode))
                return Invalid(Violations.ControlTooLong, out violation);
            var status = ReadExtendedLength(bytes[2..], ref length, ref size, out violation);
            if (status != OperationStatus.Done)
                return status;
        }
        if (!IsControl(opcode) && length > message.RoomFor(isCompressed))
            return Invalid(Violations.MessageTooBig(message.Limit), out violation);
        if (bytes.Length < size + KeyBytes)
            return OperationStatus.NeedMoreData;
        uint key = BinaryPrimitives.ReadUInt32LittleEndian(bytes[size..]);
        header = new FrameHeader(opcode, isFinal, isCompressed, (int)length, key, size + KeyBytes);
        return OperationStatus.Done;
    }

    private static OperationStatus ReadExtendedLength(
        ReadOnlySpan<byte> bytes, ref long length, ref int size, out CloseStatus violation)
    {
        violation = default;
        long shortest;
        if (length == Length16)
        {
            if (bytes.Length < sizeof(ushort))
                return OperationStatus.NeedMoreData;
            length = BinaryPrimitives.ReadUInt16BigEndian(bytes);
            size += sizeof(ushort);
            shortest = Length16;
        }
        else
        {
            if (!bytes.IsEmpty && (bytes[0] & 0x80) != 0)
                return Invalid(Violations.NegativeLength, out violation);
            if (bytes.Length < sizeof(long))
                return OperationStatus.NeedMoreData;
            length = BinaryPrimitives.ReadInt64BigEndian(bytes);
            size += sizeof(long);
            shortest = ushort.MaxValue + 1;
        }
        return length < shortest ? Invalid(Violations.NonMinimalLength, out violation) : OperationStatus.Done;
    }

    private static OperationStatus Invalid(CloseStatus status, out CloseStatus violation)
    {
        violation = status;
        return OperationStatus.InvalidData;
    }
}
