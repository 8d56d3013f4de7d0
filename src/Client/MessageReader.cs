using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Gateway.Client;

/// <summary>Stateless. Makes what an application gets from what the gateway said.</summary>
internal static class MessageReader
{
    public static Message<T> Read<T>(ServerMessage message, string channel, Position? position, JsonTypeInfo<T> type) => new(
        channel,
        JsonSerializer.Deserialize(message.Content, type),
        message.Sender,
        position,
        message.Time is { } time ? DateTimeOffset.FromUnixTimeMilliseconds(time) : null);

    public static HistoryPage<T> ReadPage<T>(ServerMessage page, string channel, JsonTypeInfo<T> type)
    {
        string epoch = page.Epoch ?? "";
        return new HistoryPage<T>(epoch, [.. page.Messages.Select(message => Read(message, channel, new Position(epoch, message.Seq), type))], page.More);
    }
}
