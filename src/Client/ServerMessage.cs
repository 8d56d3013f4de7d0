using System.Text.Json;
using Gateway.Protocol.Messages;

namespace Gateway.Client;

/// <summary>A message of the gateway, with the fields of all types, of which each type uses some. Immutable once read.</summary>
internal sealed class ServerMessage
{
    public ServerMessageType Type { get; private set; }

    public string? Channel { get; private set; }

    /// <summary>The id of this client's request. Null in a message that answers none, or whose id is not a number.</summary>
    public long? Id { get; private set; }

    /// <summary>The <c>code</c> of an <c>error</c> or <c>unsubscribed</c>.</summary>
    public string? Code { get; private set; }

    /// <summary>The <c>code</c> of a <c>disconnect</c>.</summary>
    public int? CloseCode { get; private set; }

    /// <summary>The <c>message</c> of an <c>error</c>, and the <c>reason</c> of other types.</summary>
    public string? Reason { get; private set; }

    public string? Epoch { get; private set; }

    public long Seq { get; private set; }

    public long? Time { get; private set; }

    public string? Sender { get; private set; }

    /// <summary>The content as raw JSON.</summary>
    public byte[] Content { get; private set; } = [];

    /// <summary>The attachments, in memory of the message's own.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Attachments { get; private set; } = [];

    public bool? Recovered { get; private set; }

    public bool? Reconnect { get; private set; }

    public bool More { get; private set; }

    public TimeSpan? RetryAfter { get; private set; }

    public TimeSpan? Ping { get; private set; }

    public DateTimeOffset? Expires { get; private set; }

    public string? Connection { get; private set; }

    public string? User { get; private set; }

    public string? Node { get; private set; }

    public IReadOnlyList<string>? Users { get; private set; }

    public IReadOnlyList<string>? Joined { get; private set; }

    public IReadOnlyList<string>? Left { get; private set; }

    public JsonElement? Info { get; private set; }

    public int? Count { get; private set; }

    public IReadOnlyList<ServerMessage> Messages { get; private set; } = [];

    public Position? Position => Epoch is null ? null : new Position(Epoch, Seq);

    /// <exception cref="JsonException">The bytes are not JSON, or a field is of another kind than the protocol says.</exception>
    public static ServerMessage Read(ReadOnlySpan<byte> json) => Read(json, attached: null);

    /// <exception cref="JsonException">The bytes are not a binary message of the protocol.</exception>
    public static ServerMessage ReadBinary(ReadOnlySpan<byte> message)
    {
        if (!BinaryMessage.TrySplit(message, out var header, out var bytes, out string problem))
            throw new JsonException(problem);
        return Read(header, bytes.ToArray());
    }

    private static ServerMessage Read(ReadOnlySpan<byte> json, byte[]? attached)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        try
        {
            return Read(ref reader, json, attached);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or ArgumentException or OverflowException)
        {
            throw new JsonException("a field is of an unexpected kind", e);
        }
    }

    private static ServerMessage Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, byte[]? attached = null)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("not an object");
        var message = new ServerMessage();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            message.Set(name, ref reader, json, attached);
        }
        return message;
    }

    private void Set(string name, ref Utf8JsonReader reader, ReadOnlySpan<byte> json, byte[]? attached)
    {
        switch (name)
        {
            case "type": Type = TypeOf(ref reader); break;
            case "channel": Channel = reader.GetString(); break;
            case "id" when reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long id): Id = id; break;
            case "code" when reader.TokenType == JsonTokenType.Number: CloseCode = reader.GetInt32(); break;
            case "code": Code = reader.GetString(); break;
            case "message" or "reason": Reason = reader.GetString(); break;
            case "epoch": Epoch = reader.GetString(); break;
            case "seq": Seq = reader.GetInt64(); break;
            case "time": Time = reader.GetInt64(); break;
            case "sender": Sender = reader.GetString(); break;
            case "content": Content = Raw(ref reader, json); break;
            case "attachments": Attachments = attached is null ? Decoded(ref reader) : Cut(ref reader, attached); break;
            case "recovered": Recovered = reader.GetBoolean(); break;
            case "reconnect": Reconnect = reader.GetBoolean(); break;
            case "more": More = reader.GetBoolean(); break;
            case "retryAfter": RetryAfter = TimeSpan.FromMilliseconds(reader.GetInt64()); break;
            case "ping": Ping = TimeSpan.FromMilliseconds(reader.GetInt64()); break;
            case "expires": Expires = DateTimeOffset.FromUnixTimeSeconds(reader.GetInt64()); break;
            case "connection": Connection = reader.GetString(); break;
            case "user": User = reader.GetString(); break;
            case "node": Node = reader.GetString(); break;
            case "users": Users = Strings(ref reader); break;
            case "joined": Joined = Strings(ref reader); break;
            case "left": Left = Strings(ref reader); break;
            case "info": Info = JsonElement.ParseValue(ref reader); break;
            case "count": Count = reader.GetInt32(); break;
            case "messages": Messages = ReadAll(ref reader, json); break;
            // The protocol allows further fields.
            default: reader.Skip(); break;
        }
    }

    private static ServerMessageType TypeOf(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals(MessageType.Message))
            return ServerMessageType.Message;
        if (reader.ValueTextEquals(MessageType.Ack))
            return ServerMessageType.Ack;
        if (reader.ValueTextEquals(MessageType.Connected))
            return ServerMessageType.Connected;
        if (reader.ValueTextEquals(MessageType.Disconnect))
            return ServerMessageType.Disconnect;
        if (reader.ValueTextEquals(MessageType.Error))
            return ServerMessageType.Error;
        if (reader.ValueTextEquals(MessageType.History))
            return ServerMessageType.History;
        if (reader.ValueTextEquals(MessageType.Presence))
            return ServerMessageType.Presence;
        if (reader.ValueTextEquals(MessageType.Refreshed))
            return ServerMessageType.Refreshed;
        if (reader.ValueTextEquals(MessageType.Subscribed))
            return ServerMessageType.Subscribed;
        if (reader.ValueTextEquals(MessageType.Unsubscribed))
            return ServerMessageType.Unsubscribed;
        return ServerMessageType.Other;
    }

    private static byte[] Raw(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return json[start..(int)reader.BytesConsumed].ToArray();
    }

    /// <summary>Attachments in text are base64.</summary>
    private static List<ReadOnlyMemory<byte>> Decoded(ref Utf8JsonReader reader)
    {
        var attachments = new List<ReadOnlyMemory<byte>>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            attachments.Add(reader.GetBytesFromBase64());
        return attachments;
    }

    /// <summary>Attachments in a binary message are lengths of what follows the header.</summary>
    private static List<ReadOnlyMemory<byte>> Cut(ref Utf8JsonReader reader, ReadOnlyMemory<byte> bytes)
    {
        var attachments = new List<ReadOnlyMemory<byte>>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int length = reader.GetInt32();
            attachments.Add(bytes[..length]);
            bytes = bytes[length..];
        }
        return bytes.IsEmpty ? attachments : throw new JsonException("bytes that belong to no attachment");
    }

    private static List<string> Strings(ref Utf8JsonReader reader)
    {
        var strings = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            strings.Add(reader.GetString() ?? "");
        return strings;
    }

    private static List<ServerMessage> ReadAll(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var messages = new List<ServerMessage>();
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            messages.Add(Read(ref reader, json));
        return messages;
    }
}
