using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Gateway.Protocol.Messages;

namespace Gateway.Server.Api;

/// <summary>An answer of the API: what a request gets, and a command of a batch. Immutable.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Json">One JSON object.</param>
internal readonly record struct ApiReply(int Status, ReadOnlyMemory<byte> Json)
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JsonText.Encoder };

    public bool IsProblem => Status >= 400;

    public static ApiReply Ok<T>(T value, JsonTypeInfo<T> type) =>
        new(StatusCodes.Status200OK, JsonSerializer.SerializeToUtf8Bytes(value, type));

    public static ApiReply Ok(Action<Utf8JsonWriter> fields) => Object(StatusCodes.Status200OK, fields);

    public static ApiReply Object(int status, Action<Utf8JsonWriter> fields)
    {
        var json = new ArrayBufferWriter<byte>(256);
        using var writer = new Utf8JsonWriter(json, Options);
        writer.WriteStartObject();
        fields(writer);
        writer.WriteEndObject();
        writer.Flush();
        return new ApiReply(status, json.WrittenMemory);
    }

    /// <summary>Replies in order, under the name <c>results</c>.</summary>
    public static ApiReply Results(IEnumerable<ApiReply> replies) => Ok(writer =>
    {
        writer.WriteStartArray("results"u8);
        foreach (var reply in replies)
            writer.WriteRawValue(reply.Json.Span, skipInputValidation: true);
        writer.WriteEndArray();
    });
}
