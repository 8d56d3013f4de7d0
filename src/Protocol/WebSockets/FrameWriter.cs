using System.Buffers;
using System.Buffers.Binary;
using System.Text.Unicode;

namespace Gateway.Protocol.WebSockets;

/// <summary>
/// Writes the server's frames, which are never fragmented and never masked (RFC 6455 5.1), and so have the same bytes for every receiver.
/// Stateless, so any thread may call it with an output of its own.
/// </summary>
internal static class FrameWriter
{
    /// <summary>The longest header: two bytes and a 64-bit length (RFC 6455 5.2).</summary>
    public const int MaxHeaderBytes = 10;

    private const byte FinalBit = 0x80;
    private const byte CompressedBit = 0x40;
    private const byte OpcodeBits = 0x0F;
    private const byte Length16 = 126;
    private const byte Length64 = 127;
    private const int MaxClosePayload = 125;

    public static int HeaderSize(long payloadLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadLength);
        return payloadLength switch
        {
            < Length16 => 2,
            <= ushort.MaxValue => 4,
            _ => MaxHeaderBytes,
        };
    }

    /// <summary>Writes the header of a whole message or control frame.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="opcode">The kind of frame.</param>
    /// <param name="payloadLength">The length of its payload.</param>
    /// <param name="isCompressed">Whether the payload is deflated (RFC 7692 section 6).</param>
    /// <returns>The header's size.</returns>
    public static int WriteHeader(Span<byte> destination, Opcode opcode, long payloadLength, bool isCompressed = false)
    {
        int size = HeaderSize(payloadLength);
        destination = destination[..size];
        destination[0] = (byte)(FinalBit | (isCompressed ? CompressedBit : 0) | (byte)opcode);
        switch (size)
        {
            case 2:
                destination[1] = (byte)payloadLength;
                break;
            case 4:
                destination[1] = Length16;
                BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)payloadLength);
                break;
            default:
                destination[1] = Length64;
                BinaryPrimitives.WriteInt64BigEndian(destination[2..], payloadLength);
                break;
        }
        return size;
    }

    /// <summary>Reads the header of a frame that was written here, to make another of it.</summary>
    /// <returns>The header's size.</returns>
    public static int ReadHeader(ReadOnlySpan<byte> frame, out Opcode opcode, out int payloadLength)
    {
        opcode = (Opcode)(frame[0] & OpcodeBits);
        switch (frame[1])
        {
            case < Length16:
                payloadLength = frame[1];
                return 2;
            case Length16:
                payloadLength = BinaryPrimitives.ReadUInt16BigEndian(frame[2..]);
                return 4;
            default:
                payloadLength = checked((int)BinaryPrimitives.ReadInt64BigEndian(frame[2..]));
                return MaxHeaderBytes;
        }
    }

    public static void WriteHeader(IBufferWriter<byte> output, Opcode opcode, long payloadLength) =>
        output.Advance(WriteHeader(output.GetSpan(MaxHeaderBytes), opcode, payloadLength));

    /// <summary>Writes a whole frame. A payload that does not fit the output's current block continues in further blocks.</summary>
    public static void Write(IBufferWriter<byte> output, Opcode opcode, ReadOnlySpan<byte> payload)
    {
        var block = output.GetSpan(MaxHeaderBytes);
        int headerSize = WriteHeader(block, opcode, payload.Length);
        if (payload.TryCopyTo(block[headerSize..]))
        {
            output.Advance(headerSize + payload.Length);
        }
        else
        {
            output.Advance(headerSize);
            output.Write(payload);
        }
    }

    /// <summary>
    /// Writes a close frame. The reason is cut, at a character's end, to the 123 bytes that a control frame has room for (RFC 6455 5.5).
    /// <see cref="CloseCode.NoStatus"/> writes an empty payload.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A close frame may not have the code.</exception>
    public static void WriteClose(IBufferWriter<byte> output, CloseStatus status)
    {
        if (status.Code == CloseCode.NoStatus)
        {
            Write(output, Opcode.Close, []);
            return;
        }
        if (!CloseStatus.IsLegal((int)status.Code))
            throw new ArgumentOutOfRangeException(nameof(status), status.Code, "This close code may not appear in a frame.");
        Span<byte> payload = stackalloc byte[MaxClosePayload];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)status.Code);
        Utf8.FromUtf16(status.Reason, payload[sizeof(ushort)..], out _, out int reasonLength);
        Write(output, Opcode.Close, payload[..(sizeof(ushort) + reasonLength)]);
    }
}
