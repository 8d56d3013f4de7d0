using System.Buffers;
using System.Text.Json;

namespace Gateway.Protocol.Messages;

/// <summary>
/// Writes the server's messages, each as one JSON object in UTF-8. An <c>id</c> is the raw JSON that the client sent, and empty if it sent
/// none. Stateless, so any thread may call it with an output of its own.
/// </summary>
internal static partial class ServerMessageWriter
{
    /// <summary>
    /// Writes the first message to a client. <paramref name="expires"/> is in Unix seconds, and null if the token does not expire.
    /// </summary>
    public static void Connected(
        IBufferWriter<byte> output,
        string connection,
        string user,
        string node,
        long pingMilliseconds,
        long? expires = null,
        IReadOnlyCollection<string>? subscriptions = null)
    {
        var writer = Begin(output, MessageType.Connected);
        writer.WriteString("connection"u8, connection);
        writer.WriteString("user"u8, user);
        writer.WriteString("node"u8, node);
        writer.WriteNumber("ping"u8, pingMilliseconds);
        WriteNumber(writer, "expires"u8, expires);
        WriteStrings(writer, "subscriptions"u8, subscriptions);
        End(writer);
    }

    /// <summary>
    /// Writes the answer to a <c>subscribe</c>. Null values are left out: <paramref name="epoch"/>, and the seq with it, in a channel
    /// without history, <paramref name="recovered"/> unless the client asked to recover, <paramref name="presence"/> in a channel without
    /// presence.
    /// </summary>
    public static void Subscribed(
        IBufferWriter<byte> output,
        JsonEncodedText channel,
        ReadOnlySpan<byte> id,
        string? epoch,
        long seq,
        bool? recovered,
        PresenceState? presence)
    {
        var writer = Begin(output, MessageType.Subscribed);
        writer.WriteString("channel"u8, channel);
        WriteId(writer, id);
        WritePosition(writer, epoch, seq);
        if (recovered is { } value)
            writer.WriteBoolean("recovered"u8, value);
        if (presence is not null)
            WritePresence(writer, presence);
        End(writer);
    }

    /// <summary>
    /// Writes the end of a subscription. <paramref name="code"/> and <paramref name="reason"/> are null if the client has ended it.
    /// </summary>
    public static void Unsubscribed(
        IBufferWriter<byte> output,
        JsonEncodedText channel,
        ReadOnlySpan<byte> id,
        string? code,
        string? reason)
    {
        var writer = Begin(output, MessageType.Unsubscribed);
        writer.WriteString("channel"u8, channel);
        WriteId(writer, id);
        if (code is not null)
            writer.WriteString("code"u8, code);
        if (reason is not null)
            writer.WriteString("reason"u8, reason);
        End(writer);
    }

    /// <summary>
    /// Writes a page of history. <paramref name="more"/> tells whether the history goes on beyond <paramref name="messages"/>.
    /// </summary>
    public static void History(
        IBufferWriter<byte> output,
        JsonEncodedText channel,
        ReadOnlySpan<byte> id,
        string epoch,
        IReadOnlyList<PublishedMessage> messages,
        bool more)
    {
        var writer = Begin(output, MessageType.History);
        writer.WriteString("channel"u8, channel);
        WriteId(writer, id);
        writer.WriteString("epoch"u8, epoch);
        writer.WriteStartArray("messages"u8);
        // A flushed writer holds nothing back, so each message can go straight to the output, in the form that subscribers get.
        writer.Flush();
        for (int i = 0; i < messages.Count; i++)
        {
            if (i > 0)
                output.Write(","u8);
            var message = messages[i];
            Message(output, channel, message.Payload, message.Sender.Span, message.Seq, message.Time);
        }
        writer.WriteEndArray();
        writer.WriteBoolean("more"u8, more);
        End(writer);
    }

    /// <summary>
    /// Writes that a message was published. In a channel without history <paramref name="epoch"/> is null, and the seq is left out too.
    /// </summary>
    public static void Ack(IBufferWriter<byte> output, ReadOnlySpan<byte> id, JsonEncodedText channel, string? epoch, long seq)
    {
        var writer = Begin(output, MessageType.Ack);
        WriteId(writer, id);
        writer.WriteString("channel"u8, channel);
        WritePosition(writer, epoch, seq);
        End(writer);
    }

    /// <summary>Writes the answer to an HTTP request that publishes: the fields of <see cref="Ack"/> without a type.</summary>
    public static void Published(IBufferWriter<byte> output, ReadOnlySpan<byte> id, JsonEncodedText channel, string? epoch, long seq)
    {
        var writer = ThreadJsonWriter.Take(output);
        writer.WriteStartObject();
        WriteId(writer, id);
        writer.WriteString("channel"u8, channel);
        WritePosition(writer, epoch, seq);
        End(writer);
    }

    /// <summary>
    /// Writes that a new token has replaced the old one. <paramref name="expires"/> is in Unix seconds, and null if the token does not
    /// expire.
    /// </summary>
    public static void Refreshed(IBufferWriter<byte> output, ReadOnlySpan<byte> id, long? expires)
    {
        var writer = Begin(output, MessageType.Refreshed);
        WriteId(writer, id);
        WriteNumber(writer, "expires"u8, expires);
        End(writer);
    }

    public static void Pong(IBufferWriter<byte> output, ReadOnlySpan<byte> id)
    {
        var writer = Begin(output, MessageType.Pong);
        WriteId(writer, id);
        End(writer);
    }

    /// <summary>
    /// Writes an error. <paramref name="channel"/> is the unescaped UTF-8 of the message at fault, and empty if that named no channel.
    /// </summary>
    public static void Error(
        IBufferWriter<byte> output,
        ProtocolError error,
        ReadOnlySpan<byte> id = default,
        ReadOnlySpan<byte> channel = default,
        long? retryAfterMilliseconds = null)
    {
        var writer = Begin(output, MessageType.Error);
        writer.WriteString("code"u8, error.Code);
        writer.WriteString("message"u8, error.Message);
        WriteId(writer, id);
        if (!channel.IsEmpty)
            writer.WriteString("channel"u8, channel);
        WriteNumber(writer, "retryAfter"u8, retryAfterMilliseconds);
        End(writer);
    }

    /// <summary>Writes the last message before the server closes a connection, which says more than a close frame can.</summary>
    public static void Disconnect(IBufferWriter<byte> output, int code, string reason, bool reconnect, long? retryAfterMilliseconds)
    {
        var writer = Begin(output, MessageType.Disconnect);
        writer.WriteNumber("code"u8, code);
        writer.WriteString("reason"u8, reason);
        writer.WriteBoolean("reconnect"u8, reconnect);
        WriteNumber(writer, "retryAfter"u8, retryAfterMilliseconds);
        End(writer);
    }

    private static Utf8JsonWriter Begin(IBufferWriter<byte> output, ReadOnlySpan<byte> type)
    {
        var writer = ThreadJsonWriter.Take(output);
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
        return writer;
    }

    private static void End(Utf8JsonWriter writer)
    {
        writer.WriteEndObject();
        ThreadJsonWriter.FlushAndReturn(writer);
    }

    private static void WriteId(Utf8JsonWriter writer, ReadOnlySpan<byte> id)
    {
        if (!id.IsEmpty)
            WriteRaw(writer, "id"u8, id);
    }

    private static void WriteRaw(Utf8JsonWriter writer, ReadOnlySpan<byte> name, ReadOnlySpan<byte> json)
    {
        writer.WritePropertyName(name);
        writer.WriteRawValue(json, skipInputValidation: true);
    }

    private static void WritePosition(Utf8JsonWriter writer, string? epoch, long seq)
    {
        if (epoch is null)
            return;
        writer.WriteString("epoch"u8, epoch);
        writer.WriteNumber("seq"u8, seq);
    }

    private static void WriteNumber(Utf8JsonWriter writer, ReadOnlySpan<byte> name, long? number)
    {
        if (number is { } value)
            writer.WriteNumber(name, value);
    }

    private static void WriteStrings(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IReadOnlyCollection<string>? values)
    {
        if (values is null or { Count: 0 })
            return;
        writer.WriteStartArray(name);
        foreach (string value in values)
            writer.WriteStringValue(value);
        writer.WriteEndArray();
    }
}
