using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace Gateway.Protocol.Messages;

/// <content>
/// The <c>message</c>, which the fan-out encodes once and sends to every subscriber. All its parts are JSON already, so they are copied
/// into one span of a size known beforehand, without a JSON writer.
/// </content>
public static partial class ServerMessageWriter
{
    // The digits of long.MaxValue. Positions and times are never negative.
    private const int MaxDigits = 19;

    private static ReadOnlySpan<byte> MessageChannel => "{\"type\":\"message\",\"channel\":\""u8;

    private static ReadOnlySpan<byte> MessageContent => "\",\"content\":"u8;

    private static ReadOnlySpan<byte> MessageSender => ",\"sender\":\""u8;

    private static ReadOnlySpan<byte> MessageSeq => ",\"seq\":"u8;

    private static ReadOnlySpan<byte> MessageTime => ",\"time\":"u8;

    /// <summary>
    /// Writes a message. Unknown fields are left out: the default <paramref name="sender"/>, a <paramref name="seq"/> of 0, which is that
    /// of a channel without history, and a <paramref name="time"/>, in Unix milliseconds, of 0.
    /// </summary>
    public static void Message(
        IBufferWriter<byte> output,
        JsonEncodedText channel,
        ReadOnlySpan<byte> content,
        JsonEncodedText sender,
        long seq,
        long time)
    {
        int size = MessageSize(channel, content, sender, seq, time);
        var rest = output.GetSpan(size);
        Put(ref rest, MessageChannel);
        Put(ref rest, channel.EncodedUtf8Bytes);
        Put(ref rest, MessageContent);
        Put(ref rest, content);
        if (!sender.EncodedUtf8Bytes.IsEmpty)
        {
            Put(ref rest, MessageSender);
            Put(ref rest, sender.EncodedUtf8Bytes);
            Put(ref rest, "\""u8);
        }
        PutNumber(ref rest, MessageSeq, seq);
        PutNumber(ref rest, MessageTime, time);
        Put(ref rest, "}"u8);
        output.Advance(size);
    }

    /// <summary>The exact number of bytes that <see cref="Message"/> writes for the same arguments.</summary>
    public static int MessageSize(JsonEncodedText channel, ReadOnlySpan<byte> content, JsonEncodedText sender, long seq, long time)
    {
        int senderSize = sender.EncodedUtf8Bytes.Length;
        return MessageChannel.Length + channel.EncodedUtf8Bytes.Length
            + MessageContent.Length + content.Length
            + (senderSize == 0 ? 0 : MessageSender.Length + senderSize + 1)
            + NumberSize(MessageSeq, seq)
            + NumberSize(MessageTime, time)
            + 1;
    }

    private static void Put(ref Span<byte> rest, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(rest);
        rest = rest[bytes.Length..];
    }

    private static void PutNumber(ref Span<byte> rest, ReadOnlySpan<byte> name, long number)
    {
        if (number <= 0)
            return;
        Put(ref rest, name);
        Utf8Formatter.TryFormat(number, rest, out int written);
        rest = rest[written..];
    }

    private static int NumberSize(ReadOnlySpan<byte> name, long number)
    {
        if (number <= 0)
            return 0;
        // Formatting counts the digits faster than dividing by ten does.
        Span<byte> digits = stackalloc byte[MaxDigits];
        Utf8Formatter.TryFormat(number, digits, out int written);
        return name.Length + written;
    }
}
