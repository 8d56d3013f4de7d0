using System.Buffers.Binary;
using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;

namespace Gateway.Bench.InMemory;

/// <summary>Frames as a client sends them: masked. Stateless.</summary>
internal static class ClientFrames
{
    /// <summary>
    /// Costs what any key costs and leaves the text as it is, so that the same bytes can be read in place again and again.
    /// </summary>
    public const uint NoKey = 0;

    private const int MaxHeaderBytes = 14;
    private const byte FinalText = 0x81;
    private const byte CompressedBit = 0x40;
    private const byte FinalBinary = 0x82;
    private const byte FinalPong = 0x8A;
    private const byte MaskBit = 0x80;

    /// <summary>An empty pong.</summary>
    public static byte[] Pong() => [FinalPong, MaskBit, 0, 0, 0, 0];

    public static byte[] Text(string payload, uint key = NoKey) => Frame(FinalText, Encoding.UTF8.GetBytes(payload), key);

    /// <summary>A text frame that is marked as compressed (RFC 7692 section 6).</summary>
    public static byte[] Compressed(ReadOnlySpan<byte> deflated, uint key = NoKey) =>
        Frame(FinalText | CompressedBit, deflated.ToArray(), key);

    /// <summary>A binary message of the protocol.</summary>
    public static byte[] Attached(string header, ReadOnlySpan<byte> attachments, uint key = NoKey) =>
        Frame(FinalBinary, BinaryPayload(header, attachments), key);

    /// <summary>The payload of a binary message of the protocol.</summary>
    public static byte[] BinaryPayload(string header, ReadOnlySpan<byte> attachments)
    {
        byte[] length = new byte[BinaryMessage.LengthBytes];
        BinaryPrimitives.WriteInt32BigEndian(length, Encoding.UTF8.GetByteCount(header));
        return [.. length, .. Encoding.UTF8.GetBytes(header), .. attachments];
    }

    private static byte[] Frame(byte first, byte[] bytes, uint key)
    {
        byte[] frame = new byte[MaxHeaderBytes + bytes.Length];
        frame[0] = first;
        int size = WriteLength(frame, bytes.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(size), key);
        size += sizeof(uint);
        Masking.Apply(bytes, key);
        bytes.CopyTo(frame.AsSpan(size));
        return frame[..(size + bytes.Length)];
    }

    private static int WriteLength(Span<byte> frame, int length)
    {
        switch (length)
        {
            case < 126:
                frame[1] = (byte)(MaskBit | length);
                return 2;
            case <= ushort.MaxValue:
                frame[1] = MaskBit | 126;
                BinaryPrimitives.WriteUInt16BigEndian(frame[2..], (ushort)length);
                return 4;
            default:
                frame[1] = MaskBit | 127;
                BinaryPrimitives.WriteInt64BigEndian(frame[2..], length);
                return 10;
        }
    }
}
