using System.Text.Json;

namespace Gateway.Client;

/// <summary>Immutable once read. What the gateway said: the fields of all types, of which each type has some.</summary>
internal sealed class ServerMessage
{
    public string Type { get; private set; } = "";

    public string? Channel { get; private set; }

    /// <summary>The number this client gave its request; null where there is none of this client's kind.</summary>
    public long? Id { get; private set; }

    /// <summary>Of an <c>error</c> or <c>unsubscribed</c>.</summary>
    public string? Code { get; private set; }

    /// <summary>Of a <c>disconnect</c>.</summary>
    public int? CloseCode { get; private set; }

    /// <summary>An error's <c>message</c> or another's <c>reason</c>.</summary>
    public string? Reason { get; private set; }

    public string? Epoch { get; private set; }

    public long Seq { get; private set; }

    public long? Time { get; private set; }

    public string? Sender { get; private set; }

    /// <summary>Raw JSON.</summary>
    public byte[] Content { get; private set; } = [];

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

    /// <exception cref="JsonException">It is not JSON, or a field is of another kind than the protocol says.</exception>
    public static ServerMessage Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        try
        {
            return Read(ref reader, json);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or ArgumentException or OverflowException)
        {
            throw new JsonException("a field is of an unexpected kind", e);
        }
    }

    private static ServerMessage Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("not an object");
        var message = new ServerMessage();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            message.Set(name, ref reader, json);
        }
        return message;
    }

    private void Set(string name, ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        switch (name)
        {
            case "type": Type = reader.GetString() ?? ""; break;
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
            // More may come, says the protocol.
            default: reader.Skip(); break;
        }
    }

    private static byte[] Raw(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return json[start..(int)reader.BytesConsumed].ToArray();
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
