using System.Buffers.Binary;

namespace Gateway.Protocol.Messages;

/// <summary>
/// The layout of every message with attachments on a WebSocket, whatever its type: the length of the header (4 bytes, big-endian), the
/// header, which is the message as JSON with <c>attachments</c> as lengths, and the bytes of all attachments. Stateless.
/// </summary>
public static class BinaryMessage
{
    public const int LengthBytes = sizeof(int);

    /// <summary>The most attachments of a message: an album, and few enough for one look at all lengths.</summary>
    public const int MaxAttachments = 16;

    /// <summary>Splits a message.</summary>
    /// <param name="message">The payload of a binary message.</param>
    /// <param name="header">The header, not checked yet.</param>
    /// <param name="bytes">What follows the header.</param>
    /// <param name="problem">Why it does not have the layout, short enough for a close frame; empty where it has.</param>
    public static bool TrySplit(
        ReadOnlySpan<byte> message, out ReadOnlySpan<byte> header, out ReadOnlySpan<byte> bytes, out string problem)
    {
        header = bytes = default;
        problem = "a binary message begins with the length of its header, in 4 bytes";
        if (message.Length < LengthBytes)
            return false;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(message);
        problem = "the header of the binary message is longer than the message";
        if (length > message.Length - LengthBytes)
            return false;
        problem = "";
        header = message.Slice(LengthBytes, (int)length);
        bytes = message[(LengthBytes + (int)length)..];
        return true;
    }
}
