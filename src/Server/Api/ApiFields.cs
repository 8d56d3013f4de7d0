using System.Text;
using System.Text.Json;
using Gateway.Protocol.Messages;

namespace Gateway.Server.Api;

/// <summary>
/// The fields of one command as raw JSON, before anything is known of what it asks for. For one thread; points into the body it was read
/// from. Unknown fields are ignored; of a repeated one the last counts.
/// </summary>
internal ref struct ApiFields
{
    public ReadOnlySpan<byte> Type;
    public ReadOnlySpan<byte> Channel;
    public ReadOnlySpan<byte> Channels;
    public ReadOnlySpan<byte> Content;
    public ReadOnlySpan<byte> Attachments;
    public ReadOnlySpan<byte> Key;
    public ReadOnlySpan<byte> Sender;
    public ReadOnlySpan<byte> User;
    public ReadOnlySpan<byte> Connection;
    public ReadOnlySpan<byte> Reason;
    public ReadOnlySpan<byte> Commands;

    /// <summary>A body that is one attachment, where <see cref="IsUpload"/>.</summary>
    public ReadOnlySpan<byte> Upload;

    /// <summary>Whether the body was bytes instead of JSON.</summary>
    public bool IsUpload;

    /// <summary>Reads a body, which comes from outside: nothing in it has been checked.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out ApiFields fields, out ApiReply problem)
    {
        fields = default;
        problem = default;
        try
        {
            // The JSON reader lets anything pass in strings, and WebSocket text must be UTF-8.
            if (!System.Text.Unicode.Utf8.IsValid(body))
                problem = ApiProblem.Bad("body", "the body is not valid UTF-8");
            else if (!fields.TryCollect(body))
                problem = ApiProblem.Bad("body", "the body must be one JSON object");
        }
        catch (JsonException exception)
        {
            problem = ApiProblem.Bad(
                "body", $"the body is not valid JSON of at most {JsonObjectScanner.MaxDepth} levels: " +
                $"line {exception.LineNumber + 1}, byte {exception.BytePositionInLine}");
        }
        return problem.Status == 0;
    }

    /// <summary>Reads a request whose body is one attachment, and whose other fields are in the query.</summary>
    public static ApiFields OfUpload(IQueryCollection query, ReadOnlySpan<byte> body) => new()
    {
        Channel = TextIn(query, "channel"),
        Key = TextIn(query, "key"),
        Sender = TextIn(query, "sender"),
        Upload = body,
        IsUpload = true,
    };

    /// <summary>Reads a JSON value that has been checked.</summary>
    /// <returns>False when it is no object.</returns>
    public bool TryCollect(ReadOnlySpan<byte> json)
    {
        var scanner = new JsonObjectScanner(json);
        if (!scanner.TryEnter())
            return false;
        while (scanner.MoveNext())
        {
            if (scanner.NameIs("channel"u8))
                Channel = scanner.ReadValue();
            else if (scanner.NameIs("content"u8))
                Content = scanner.ReadValue();
            else if (scanner.NameIs("attachments"u8))
                Attachments = scanner.ReadValue();
            else if (scanner.NameIs("key"u8))
                Key = scanner.ReadValue();
            else if (scanner.NameIs("sender"u8))
                Sender = scanner.ReadValue();
            else if (scanner.NameIs("channels"u8))
                Channels = scanner.ReadValue();
            else if (scanner.NameIs("user"u8))
                User = scanner.ReadValue();
            else if (scanner.NameIs("connection"u8))
                Connection = scanner.ReadValue();
            else if (scanner.NameIs("reason"u8))
                Reason = scanner.ReadValue();
            else if (scanner.NameIs("type"u8))
                Type = scanner.ReadValue();
            else if (scanner.NameIs("commands"u8))
                Commands = scanner.ReadValue();
            else
                scanner.ReadValue();
        }
        return true;
    }

    /// <summary>Where the elements of a JSON array are that has been checked; null when it is no array, or longer than allowed.</summary>
    public static List<Range>? Elements(ReadOnlySpan<byte> array, int most)
    {
        if (array.IsEmpty || array[0] != '[')
            return null;
        var elements = new List<Range>();
        var reader = new Utf8JsonReader(array, new JsonReaderOptions { MaxDepth = JsonObjectScanner.MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (elements.Count == most)
                return null;
            elements.Add(start..(int)reader.BytesConsumed);
        }
        return elements;
    }

    /// <summary>A text that may be absent.</summary>
    /// <param name="value">The raw value.</param>
    /// <param name="most">Bytes of UTF-8.</param>
    /// <param name="text">Empty when absent.</param>
    public static bool TryText(ReadOnlySpan<byte> value, int most, out ReadOnlySpan<byte> text)
    {
        text = default;
        return value.IsEmpty || (JsonValue.TryReadString(value, out text) && text.Length > 0 && text.Length <= most);
    }

    /// <summary>A text as it would stand in JSON; empty when absent.</summary>
    private static ReadOnlySpan<byte> TextIn(IQueryCollection query, string name) => query[name] is { Count: > 0 } values
        ? (byte[])[.. "\""u8, .. JsonText.Encode(Encoding.UTF8.GetBytes(values[^1] ?? "")).EncodedUtf8Bytes, .. "\""u8]
        : default;

    /// <summary>The same as a string; null when absent.</summary>
    public static bool TryText(ReadOnlySpan<byte> value, int most, out string? text)
    {
        bool legal = TryText(value, most, out ReadOnlySpan<byte> utf8);
        text = utf8.IsEmpty ? null : Encoding.UTF8.GetString(utf8);
        return legal;
    }
}
