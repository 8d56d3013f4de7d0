using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using Gateway.Protocol.Messages;

namespace Gateway.Client;

/// <summary>Writes the client's messages, each as one JSON object in UTF-8, with the attachments behind it. Stateless.</summary>
internal static class ClientMessageWriter
{
    /// <summary>Writes a message: as text, or as a binary message where it has attachments.</summary>
    /// <param name="id">The request's id.</param>
    /// <param name="channel">The channel's name.</param>
    /// <param name="content">Writes the content. Null for none.</param>
    /// <param name="attachments">The attachments.</param>
    /// <param name="echo">Whether this client gets the message too.</param>
    /// <param name="key">The idempotency key.</param>
    public static byte[] Publish(
        long id, string channel, Action<Utf8JsonWriter>? content, IReadOnlyCollection<ReadOnlyMemory<byte>> attachments, bool echo,
        string key)
    {
        byte[] text = Write(MessageType.Message, id, writer =>
        {
            writer.WriteString("channel"u8, channel);
            if (content is not null)
            {
                writer.WritePropertyName("content"u8);
                content(writer);
            }
            writer.WriteString("key"u8, key);
            if (!echo)
                writer.WriteBoolean("echo"u8, false);
            if (attachments.Count == 0)
                return;
            writer.WriteStartArray("attachments"u8);
            foreach (var attachment in attachments)
                writer.WriteNumberValue(attachment.Length);
            writer.WriteEndArray();
        });
        return attachments.Count == 0 ? text : Join(text, attachments);
    }

    public static byte[] Subscribe(long id, string channel, Position? recover, string? token) =>
        Write(MessageType.Subscribe, id, writer =>
        {
            writer.WriteString("channel"u8, channel);
            if (token is not null)
                writer.WriteString("token"u8, token);
            if (recover is not { } position)
                return;
            writer.WriteStartObject("recover"u8);
            writer.WriteString("epoch"u8, position.Epoch);
            writer.WriteNumber("seq"u8, position.Seq);
            writer.WriteEndObject();
        });

    public static byte[] Unsubscribe(long id, string channel) =>
        Write(MessageType.Unsubscribe, id, writer => writer.WriteString("channel"u8, channel));

    public static byte[] Presence(long id, string channel) =>
        Write(MessageType.Presence, id, writer => writer.WriteString("channel"u8, channel));

    public static byte[] History(long id, string channel, int? limit, long? before, long? after) =>
        Write(MessageType.History, id, writer =>
        {
            writer.WriteString("channel"u8, channel);
            if (limit is not null)
                writer.WriteNumber("limit"u8, limit.Value);
            if (before is not null)
                writer.WriteNumber("before"u8, before.Value);
            if (after is not null)
                writer.WriteNumber("after"u8, after.Value);
        });

    public static byte[] Refresh(long id, string token) => Write(MessageType.Refresh, id, writer => writer.WriteString("token"u8, token));

    public static byte[] Ping(long id) => Write(MessageType.Ping, id, _ => { });

    private static byte[] Join(byte[] header, IReadOnlyCollection<ReadOnlyMemory<byte>> attachments)
    {
        var message = new ArrayBufferWriter<byte>(
            BinaryMessage.LengthBytes + header.Length + attachments.Sum(attachment => attachment.Length));
        BinaryPrimitives.WriteInt32BigEndian(message.GetSpan(BinaryMessage.LengthBytes), header.Length);
        message.Advance(BinaryMessage.LengthBytes);
        message.Write(header);
        foreach (var attachment in attachments)
            message.Write(attachment.Span);
        return message.WrittenSpan.ToArray();
    }

    private static byte[] Write(ReadOnlySpan<byte> type, long id, Action<Utf8JsonWriter> fields)
    {
        var output = new ArrayBufferWriter<byte>(256);
        using var writer = new Utf8JsonWriter(output);
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
        writer.WriteNumber("id"u8, id);
        fields(writer);
        writer.WriteEndObject();
        writer.Flush();
        return output.WrittenSpan.ToArray();
    }
}
