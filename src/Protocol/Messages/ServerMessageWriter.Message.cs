using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text.Json;

namespace Gateway.Protocol.Messages;

/// <content>
/// The <c>message</c>, which the fan-out encodes once and sends to every subscriber. All its parts but the sender are JSON already, and a
/// sender seldom needs escaping, so they are copied into one span of a size known beforehand, without a JSON writer. A message with
/// attachments has two forms: binary on a WebSocket, text with base64 everywhere else.
/// </content>
internal static partial class ServerMessageWriter
{
    // The digits of long.MaxValue. Positions and times are never negative.
    private const int MaxDigits = 19;

    private static ReadOnlySpan<byte> MessageChannel => "{\"type\":\"message\",\"channel\":\""u8;

    private static ReadOnlySpan<byte> MessageContent => ",\"content\":"u8;

    private static ReadOnlySpan<byte> MessageSender => ",\"sender\":\""u8;

    private static ReadOnlySpan<byte> MessageSeq => ",\"seq\":"u8;

    private static ReadOnlySpan<byte> MessageTime => ",\"time\":"u8;

    private static ReadOnlySpan<byte> MessageAttachments => ",\"attachments\":"u8;

    /// <summary>
    /// Writes a message as text. Unknown fields are left out: an empty <paramref name="sender"/>, a <paramref name="seq"/> of 0, which is
    /// that of a channel without history, and a <paramref name="time"/>, in Unix milliseconds, of 0.
    /// </summary>
    /// <param name="output">Where to.</param>
    /// <param name="channel">The channel's name.</param>
    /// <param name="payload">The content and the attachments, which are written in base64.</param>
    /// <param name="sender">UTF-8, not escaped.</param>
    /// <param name="seq">The message's position.</param>
    /// <param name="time">When it was published.</param>
    public static void Message(
        IBufferWriter<byte> output,
        JsonEncodedText channel,
        Payload payload,
        ReadOnlySpan<byte> sender,
        long seq,
        long time)
    {
        int size = MessageSize(channel, payload, sender, seq, time);
        Message(output.GetSpan(size), channel, payload, sender, seq, time);
        output.Advance(size);
    }

    /// <summary>The same into a span that has room for <see cref="MessageSize"/>.</summary>
    public static void Message(
        Span<byte> output,
        JsonEncodedText channel,
        Payload payload,
        ReadOnlySpan<byte> sender,
        long seq,
        long time)
    {
        PutFields(ref output, channel, payload.Content, sender, seq, time);
        if (payload.Kind == PayloadKind.Attachments)
        {
            Put(ref output, MessageAttachments);
            output = output[AttachmentTexts.Write(payload.Attachments, output)..];
        }
        Put(ref output, "}"u8);
    }

    /// <summary>
    /// The exact number of bytes that <see cref="Message(IBufferWriter{byte}, JsonEncodedText, Payload, ReadOnlySpan{byte}, long, long)"/>
    /// writes for the same arguments.
    /// </summary>
    public static int MessageSize(JsonEncodedText channel, Payload payload, ReadOnlySpan<byte> sender, long seq, long time)
    {
        int attachments = payload.Kind == PayloadKind.Attachments
            ? MessageAttachments.Length + AttachmentTexts.Size(payload.Attachments)
            : 0;
        return FieldsSize(channel, payload.Content, sender, seq, time) + attachments + 1;
    }

    /// <summary>Writes a message with attachments as a binary message (<see cref="BinaryMessage"/>).</summary>
    /// <param name="output">As long as <see cref="BinarySize"/> says.</param>
    /// <param name="channel">The channel's name.</param>
    /// <param name="payload">The attachments, and the content if there is one.</param>
    /// <param name="sender">UTF-8, not escaped.</param>
    /// <param name="seq">The message's position.</param>
    /// <param name="time">When it was published.</param>
    public static void Binary(
        Span<byte> output,
        JsonEncodedText channel,
        Payload payload,
        ReadOnlySpan<byte> sender,
        long seq,
        long time)
    {
        var attachments = payload.Attachments;
        BinaryPrimitives.WriteInt32BigEndian(output, output.Length - BinaryMessage.LengthBytes - attachments.Bytes.Length);
        output = output[BinaryMessage.LengthBytes..];
        PutFields(ref output, channel, payload.Content, sender, seq, time);
        Put(ref output, MessageAttachments);
        output = output[AttachmentLengths.Write(attachments, output)..];
        Put(ref output, "}"u8);
        attachments.Bytes.CopyTo(output);
    }

    /// <summary>The exact number of bytes that <see cref="Binary"/> writes for the same arguments.</summary>
    public static int BinarySize(JsonEncodedText channel, Payload payload, ReadOnlySpan<byte> sender, long seq, long time)
    {
        var attachments = payload.Attachments;
        return BinaryMessage.LengthBytes
            + FieldsSize(channel, payload.Content, sender, seq, time)
            + MessageAttachments.Length + AttachmentLengths.Size(attachments)
            + 1
            + attachments.Bytes.Length;
    }

    /// <summary>Writes all fields but the attachments.</summary>
    private static void PutFields(
        ref Span<byte> rest, JsonEncodedText channel, ReadOnlySpan<byte> content, ReadOnlySpan<byte> sender, long seq, long time)
    {
        Put(ref rest, MessageChannel);
        Put(ref rest, channel.EncodedUtf8Bytes);
        Put(ref rest, "\""u8);
        if (!content.IsEmpty)
        {
            Put(ref rest, MessageContent);
            Put(ref rest, content);
        }
        if (!sender.IsEmpty)
        {
            Put(ref rest, MessageSender);
            rest = rest[JsonText.Escape(sender, rest)..];
            Put(ref rest, "\""u8);
        }
        PutNumber(ref rest, MessageSeq, seq);
        PutNumber(ref rest, MessageTime, time);
    }

    private static int FieldsSize(
        JsonEncodedText channel, ReadOnlySpan<byte> content, ReadOnlySpan<byte> sender, long seq, long time)
    {
        return MessageChannel.Length + channel.EncodedUtf8Bytes.Length + 1
            + (content.IsEmpty ? 0 : MessageContent.Length + content.Length)
            + (sender.IsEmpty ? 0 : MessageSender.Length + JsonText.EscapedLength(sender) + 1)
            + NumberSize(MessageSeq, seq)
            + NumberSize(MessageTime, time);
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
