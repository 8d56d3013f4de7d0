using System.Text;
using System.Text.Json;

namespace Gateway.Server.Dialects.Streams;

/// <summary>Valid as long as the message it was read from. The fields of a server's message that a stream has to know.</summary>
internal ref struct EventFields
{
    public ReadOnlySpan<byte> Type;

    /// <summary>Unescaped UTF-8.</summary>
    public ReadOnlySpan<byte> Channel;
    public ReadOnlySpan<byte> Code;
    public string? Epoch;
    public long? Seq;
    public long? RetryAfter;
    public bool IsRecovered;

    /// <param name="message">A JSON object that the gateway wrote itself.</param>
    public static EventFields Read(ReadOnlySpan<byte> message)
    {
        var fields = default(EventFields);
        var reader = new Utf8JsonReader(message);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            fields.ReadValue(ref reader);
        return fields;
    }

    private void ReadValue(ref Utf8JsonReader reader)
    {
        var name = reader.ValueSpan;
        reader.Read();
        if (name.SequenceEqual("type"u8))
            Type = reader.ValueSpan;
        else if (name.SequenceEqual("channel"u8))
            Channel = reader.ValueIsEscaped ? Encoding.UTF8.GetBytes(reader.GetString()!) : reader.ValueSpan;
        else if (name.SequenceEqual("seq"u8))
            Seq = reader.GetInt64();
        else if (name.SequenceEqual("epoch"u8))
            Epoch = reader.GetString();
        else if (name.SequenceEqual("recovered"u8))
            IsRecovered = reader.TokenType == JsonTokenType.True;
        else if (name.SequenceEqual("code"u8))
            Code = reader.ValueSpan;
        else if (name.SequenceEqual("retryAfter"u8))
            RetryAfter = reader.GetInt64();
        else
            reader.Skip();
    }
}
