using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Gateway.Protocol.Messages;

namespace Gateway.Protocol.Tests.Messages;

/// <summary>Random payloads, judged against what a JSON document of the same bytes holds.</summary>
public sealed class ClientMessageFuzzTests
{
    private const int PayloadsPerSeed = 50_000;

    private static readonly string[] Names =
    [
        "type", "id", "channel", "content", "key", "token", "echo", "recover", "limit", "before", "after", "attachments",
        "x", "\\u0069d", "\\ud800", "\\uD8",
    ];

    private static readonly string[] Values =
    [
        "\"message\"", "\"subscribe\"", "\"history\"", "\"ping\"", "\"auth\"", "\"p\\u0069ng\"", "\"\"", "\"a\"", "\"\\ud800\"", "\"\\q\"",
        "0", "1", "-1", "1.5", "1e400", "01", "99999999999999999999", "true", "false", "null", "nul", "[]", "[1,[2]]", "[1", "{}",
        "{\"epoch\":\"e\",\"seq\":3}", "{\"epoch\":\"\\udc00\",\"seq\":3}", "{\"epoch\":\"e\",\"seq\":1e3}", " { \"a\" : [ ] } ",
    ];

    private static readonly string[] Corpus =
    [
        """{"type":"message","channel":"chat:1","content":{"text":"h\u00e9 😀","n":[1,2.5e3]},"id":"m1","echo":false,"key":"k-1"}""",
        """{"type":"subscribe","channel":"c","id":7,"token":"a.b.c","recover":{"epoch":"e","seq":17}}""",
        """{"type":"history","channel":"c","limit":100,"before":50,"id":"h"}""",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Random_objects_are_read_or_refused_as_a_json_document_says(int seed) =>
        Run(seed, random => Encoding.UTF8.GetBytes(RandomObject(random)));

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Damaged_messages_are_read_or_refused_as_a_json_document_says(int seed) => Run(seed, Damaged);

    [Fact]
    public void Random_bytes_never_throw() => Run(5, random =>
    {
        byte[] payload = new byte[random.Next(64)];
        random.NextBytes(payload);
        return payload;
    });

    private static void Run(int seed, Func<Random, byte[]> next)
    {
        var random = new Random(seed);
        for (int i = 0; i < PayloadsPerSeed; i++)
        {
            byte[] payload = next(random);
            if (Complaint(payload) is { } complaint)
                Assert.Fail($"{complaint}: payload {i} of seed {seed}: {Encoding.UTF8.GetString(payload)}");
        }
    }

    private static string? Complaint(byte[] payload)
    {
        bool read = ClientMessageReader.TryRead(payload, out ClientMessage message, out ProtocolError error);
        using JsonDocument? document = Parse(payload);
        if (document?.RootElement.ValueKind != JsonValueKind.Object)
            return !read && message.Id.IsEmpty && error.Code == ErrorCode.BadRequest ? null : "read what is no JSON object";

        JsonElement? id = Last(document, "id");
        bool legalId = id?.ValueKind is JsonValueKind.String or JsonValueKind.Number;
        if (!message.Id.SequenceEqual(legalId ? JsonMarshal.GetRawUtf8Value(id!.Value) : default))
            return "lost or invented an id";
        if (!read)
            return error.Message.Contains('\'') ? null : "refused JSON without naming a field";
        if (id is not null && !legalId)
            return "accepted an illegal id";
        if (message.Type != ClientMessageType.Message)
            return message.Content.IsEmpty ? null : "gave content to another type";

        return message.Content.SequenceEqual(JsonMarshal.GetRawUtf8Value(Last(document, "content")!.Value)) ? null : "changed the content";
    }

    private static JsonDocument? Parse(byte[] payload)
    {
        try
        {
            return JsonDocument.Parse(payload);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonElement? Last(JsonDocument document, string name)
    {
        JsonElement? last = null;
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            if (IsNamed(property, name))
                last = property.Value;
        }

        return last;
    }

    private static bool IsNamed(JsonProperty property, string name)
    {
        try
        {
            return property.NameEquals(name);
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair, which no text equals.
            return false;
        }
    }

    private static string RandomObject(Random random)
    {
        var text = new StringBuilder("{");
        for (int fields = random.Next(8); fields > 0; fields--)
        {
            text.Append('"').Append(Pick(random, Names)).Append("\":").Append(Pick(random, Values));
            text.Append(fields > 1 && random.Next(100) > 0 ? "," : "");
        }

        return text.Append(random.Next(100) > 0 ? "}" : "}}").ToString();
    }

    private static byte[] Damaged(Random random)
    {
        byte[] payload = Encoding.UTF8.GetBytes(Pick(random, Corpus));
        for (int damages = random.Next(1, 4); damages > 0; damages--)
        {
            int at = random.Next(payload.Length);
            switch (random.Next(4))
            {
                case 0:
                    payload[at] = (byte)random.Next(256);
                    break;
                case 1:
                    payload[at] = payload[random.Next(payload.Length)];
                    break;
                case 2:
                    payload = [.. payload[..at], .. payload[random.Next(at, payload.Length)..]];
                    break;
                default:
                    payload = [.. payload[..at], .. Encoding.UTF8.GetBytes(Pick(random, Values)), .. payload[at..]];
                    break;
            }

            if (payload.Length == 0)
                break;
        }

        return payload;
    }

    private static string Pick(Random random, string[] choices) => choices[random.Next(choices.Length)];
}
