using System.Buffers.Binary;
using Gateway.Protocol.WebSockets;

namespace Gateway.Load.Sockets;

/// <summary>A server's frames (RFC 6455 5.2: not masked), which are looked at where they lie. Stateless.</summary>
internal static class FrameParser
{
    private const int ReservedBits = 0x70;
    private const int CompressedBit = 0x40;

    /// <summary>Finds the frame that the data begins with.</summary>
    /// <param name="data">What has come.</param>
    /// <param name="isCompressible">Whether messages may be compressed.</param>
    /// <param name="opcode">The frame's kind.</param>
    /// <param name="isFinal">Whether the message ends with it.</param>
    /// <param name="isCompressed">Whether it begins a compressed message.</param>
    /// <param name="payload">What is in it.</param>
    /// <param name="size">All bytes of the frame.</param>
    /// <returns>False if it is not complete yet.</returns>
    /// <exception cref="LoadException">It is none that a server may send.</exception>
    public static bool TryRead(
        ReadOnlySpan<byte> data, bool isCompressible, out Opcode opcode, out bool isFinal, out bool isCompressed,
        out ReadOnlySpan<byte> payload, out int size)
    {
        opcode = default;
        isFinal = isCompressed = false;
        payload = default;
        size = 0;
        if (data.Length < 2)
            return false;
        isCompressed = isCompressible && (data[0] & CompressedBit) != 0;
        if ((data[0] & ReservedBits) != (isCompressed ? CompressedBit : 0) || (data[1] & 0x80) != 0)
            throw new LoadException("the server sent a frame with a reserved bit or a mask");
        int header = 2;
        long length = data[1];
        switch (length)
        {
            case 126:
                header = 4;
                if (data.Length < header)
                    return false;
                length = BinaryPrimitives.ReadUInt16BigEndian(data[2..]);
                break;
            case 127:
                header = 10;
                if (data.Length < header)
                    return false;
                length = BinaryPrimitives.ReadInt64BigEndian(data[2..]);
                break;
        }
        if (length is < 0 or > EventLoop.BufferBytes - 10)
            throw new LoadException($"the server sent a frame of {length} bytes, more than is expected here");
        if (data.Length - header < length)
            return false;
        opcode = (Opcode)(data[0] & 0x0F);
        isFinal = (data[0] & 0x80) != 0;
        payload = data.Slice(header, (int)length);
        size = header + (int)length;
        return true;
    }
}
