using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Gateway.Client;

/// <summary>Stateless. Writes what a client says, each as one JSON object in UTF-8.</summary>
internal static class ClientMessageWriter
{
    public static byte[] Publish<T>(long id, string channel, T content, JsonTypeInfo<T> type, bool echo, string key) =>
        Write("message", id, writer =>
        {
            writer.WriteString("channel"u8, channel);
            writer.WritePropertyName("content"u8);
            JsonSerializer.Serialize(writer, content, type);
            writer.WriteString("key"u8, key);
            if (!echo)
                writer.WriteBoolean("echo"u8, false);
        });

    public static byte[] Subscribe(long id, string channel, Position? recover, string? token) =>
        Write("subscribe", id, writer =>
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

    public static byte[] Unsubscribe(long id, string channel) => Write("unsubscribe", id, writer => writer.WriteString("channel"u8, channel));

    public static byte[] Presence(long id, string channel) => Write("presence", id, writer => writer.WriteString("channel"u8, channel));

    public static byte[] History(long id, string channel, int? limit, long? before, long? after) =>
        Write("history", id, writer =>
        {
            writer.WriteString("channel"u8, channel);
            if (limit is not null)
                writer.WriteNumber("limit"u8, limit.Value);
            if (before is not null)
                writer.WriteNumber("before"u8, before.Value);
            if (after is not null)
                writer.WriteNumber("after"u8, after.Value);
        });

    public static byte[] Refresh(long id, string token) => Write("refresh", id, writer => writer.WriteString("token"u8, token));

    public static byte[] Ping(long id) => Write("ping", id, _ => { });

    private static byte[] Write(string type, long id, Action<Utf8JsonWriter> fields)
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
