using System.Buffers;
using System.Text.Json;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Application.Hooks;

/// <summary>Writes the bodies of hook requests; docs/hooks.md describes each field. Stateless.</summary>
internal static class HookBody
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JsonText.Encoder, SkipValidation = true };

    public static ReadOnlyMemory<byte> Connect(string node, long time, in Caller caller, string transport)
    {
        var body = Begin(HookEvents.Connect, node, time, caller, out var writer);
        writer.WriteString("transport"u8, transport);
        return End(body, writer);
    }

    public static ReadOnlyMemory<byte> Subscribe(string node, long time, in Caller caller, ChannelName channel)
    {
        var body = Begin(HookEvents.Subscribe, node, time, caller, out var writer);
        writer.WriteString("channel"u8, channel.Json);
        return End(body, writer);
    }

    /// <param name="node">This node's name.</param>
    /// <param name="time">Unix milliseconds.</param>
    /// <param name="caller">The publisher.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="payload">The message, whose content stays as it is byte for byte.</param>
    public static ReadOnlyMemory<byte> Publish(string node, long time, in Caller caller, ChannelName channel, Payload payload)
    {
        var body = Begin(HookEvents.Publish, node, time, caller, out var writer);
        writer.WriteString("channel"u8, channel.Json);
        if (payload.Content is { IsEmpty: false } content)
        {
            writer.WritePropertyName("content"u8);
            writer.WriteRawValue(content, skipInputValidation: true);
        }
        if (payload.Attachments is { IsEmpty: false } attachments)
        {
            writer.WritePropertyName("attachments"u8);
            byte[] texts = new byte[AttachmentTexts.Size(attachments)];
            AttachmentTexts.Write(attachments, texts);
            writer.WriteRawValue(texts, skipInputValidation: true);
        }
        return End(body, writer);
    }

    /// <param name="node">This node's name.</param>
    /// <param name="events">The events, in their order.</param>
    /// <param name="idOf">Gives an event's id.</param>
    public static ReadOnlyMemory<byte> Events(string node, IReadOnlyList<HookEvent> events, Func<HookEvent, string> idOf)
    {
        var body = new ArrayBufferWriter<byte>(64 + (192 * events.Count));
        var writer = new Utf8JsonWriter(body, Options);
        writer.WriteStartObject();
        writer.WriteString("node"u8, node);
        writer.WriteStartArray("events"u8);
        foreach (var one in events)
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, idOf(one));
            writer.WriteString("type"u8, HookNames.Of(one.Type));
            writer.WriteNumber("time"u8, one.Time);
            if (one.Connection is not null)
                writer.WriteString("connection"u8, one.Connection);
            if (one.User is not null)
                writer.WriteString("user"u8, one.User);
            if (one.Channel is not null)
                writer.WriteString("channel"u8, one.Channel.Json);
            if (one.Code != 0)
                writer.WriteNumber("code"u8, one.Code);
            if (one.Change is { } change)
            {
                writer.WriteString(change.Kind == OccupancyKind.Channel ? "channel"u8 : "user"u8, change.Name);
                writer.WriteBoolean("cluster"u8, true);
                writer.WriteNumber("version"u8, change.Version);
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        return End(body, writer);
    }

    private static ArrayBufferWriter<byte> Begin(HookEvents hook, string node, long time, in Caller caller, out Utf8JsonWriter writer)
    {
        var body = new ArrayBufferWriter<byte>(512);
        writer = new Utf8JsonWriter(body, Options);
        writer.WriteStartObject();
        writer.WriteString("type"u8, HookNames.Of(hook));
        writer.WriteString("node"u8, node);
        writer.WriteNumber("time"u8, time);
        if (caller.Connection is not null)
            writer.WriteString("connection"u8, caller.Connection);
        writer.WriteString("user"u8, caller.User);
        writer.WriteString("address"u8, caller.Address.ToString());
        return body;
    }

    private static ReadOnlyMemory<byte> End(ArrayBufferWriter<byte> body, Utf8JsonWriter writer)
    {
        writer.WriteEndObject();
        writer.Dispose();
        return body.WrittenMemory;
    }
}
