using System.Buffers;
using System.Text.Json;

namespace Gateway.Protocol.Messages;

/// <content>The <c>presence</c> messages: a snapshot of all users in a channel, or a change.</content>
internal static partial class ServerMessageWriter
{
    /// <summary>Writes all users in a channel.</summary>
    public static void PresenceSnapshot(IBufferWriter<byte> output, JsonEncodedText channel, ReadOnlySpan<byte> id, PresenceState state)
    {
        var writer = Begin(output, MessageType.Presence);
        writer.WriteString("channel"u8, channel);
        WriteId(writer, id);
        WritePresence(writer, state);
        End(writer);
    }

    /// <summary>Writes which users have joined and left since the last message.</summary>
    /// <param name="output">The output.</param>
    /// <param name="channel">The channel's name.</param>
    /// <param name="joined">The users who joined. Null or empty for none, and where there are too many users to name them.</param>
    /// <param name="left">The ids of the users who left. Null or empty in the same cases.</param>
    /// <param name="count">The number of users now.</param>
    public static void PresenceChange(
        IBufferWriter<byte> output,
        JsonEncodedText channel,
        IReadOnlyCollection<PresentUser>? joined,
        IReadOnlyCollection<string>? left,
        int count)
    {
        var writer = Begin(output, MessageType.Presence);
        writer.WriteString("channel"u8, channel);
        if (joined is { Count: > 0 })
            WriteIds(writer, "joined"u8, joined);
        WriteStrings(writer, "left"u8, left);
        if (joined is not null)
            WriteInfo(writer, joined);
        writer.WriteNumber("count"u8, count);
        End(writer);
    }

    private static void WritePresence(Utf8JsonWriter writer, PresenceState state)
    {
        if (state.Users is { } users)
        {
            WriteIds(writer, "users"u8, users);
            WriteInfo(writer, users);
        }
        writer.WriteNumber("count"u8, state.Count);
    }

    private static void WriteIds(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IReadOnlyCollection<PresentUser> users)
    {
        writer.WriteStartArray(name);
        foreach (var user in users)
            writer.WriteStringValue(user.Id);
        writer.WriteEndArray();
    }

    /// <summary>Writes the <c>info</c> of the users who have one, and no field if none has.</summary>
    private static void WriteInfo(Utf8JsonWriter writer, IReadOnlyCollection<PresentUser> users)
    {
        bool open = false;
        foreach (var user in users)
        {
            if (user.Info.IsEmpty)
                continue;
            if (!open)
                writer.WriteStartObject("info"u8);
            open = true;
            writer.WritePropertyName(user.Id);
            writer.WriteRawValue(user.Info.Span, skipInputValidation: true);
        }
        if (open)
            writer.WriteEndObject();
    }
}
