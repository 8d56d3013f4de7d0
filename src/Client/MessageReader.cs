using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Gateway.Client;

/// <summary>Turns the gateway's messages into those of the public API. Stateless.</summary>
internal static class MessageReader
{
    public static Message<T> Read<T>(ServerMessage message, string channel, Position? position, JsonTypeInfo<T> type) => new(
        channel,
        message.Content.Length == 0 && message.Attachments.Count > 0 ? default : JsonSerializer.Deserialize(message.Content, type),
        message.Sender,
        position,
        message.Time is { } time ? DateTimeOffset.FromUnixTimeMilliseconds(time) : null)
    {
        Attachments = message.Attachments,
    };

    public static HistoryPage<T> ReadPage<T>(ServerMessage page, string channel, JsonTypeInfo<T> type)
    {
        string epoch = page.Epoch ?? "";
        var messages = page.Messages.Select(message => Read(message, channel, new Position(epoch, message.Seq), type));
        return new HistoryPage<T>(epoch, [.. messages], page.More);
    }
}
