using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Gateway.Protocol.Messages;

namespace Gateway.Client;

/// <summary>Writes the client's messages, each as one JSON object in UTF-8. Stateless.</summary>
internal static class ClientMessageWriter
{
    public static byte[] Publish<T>(long id, string channel, T content, JsonTypeInfo<T> type, bool echo, string key) =>
        Write(MessageType.Message, id, writer =>
        {
            writer.WriteString("channel"u8, channel);
            writer.WritePropertyName("content"u8);
            JsonSerializer.Serialize(writer, content, type);
            writer.WriteString("key"u8, key);
            if (!echo)
                writer.WriteBoolean("echo"u8, false);
        });

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
