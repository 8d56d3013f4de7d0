using System.Text.Json;

namespace Gateway.Protocol.Messages;

/// <summary>
/// The fields of one client message, as raw JSON slices of its payload. Fields come in any order, and <c>type</c> may be the last, so they
/// are collected before any of them is checked. Of a repeated field the last one counts, as with <c>JSON.parse</c>.
/// </summary>
internal ref struct ClientFields
{
    public ReadOnlySpan<byte> Type;
    public ReadOnlySpan<byte> Id;
    public ReadOnlySpan<byte> Channel;
    public ReadOnlySpan<byte> Content;
    public ReadOnlySpan<byte> Attachments;
    public ReadOnlySpan<byte> Key;
    public ReadOnlySpan<byte> Token;
    public ReadOnlySpan<byte> Echo;
    public ReadOnlySpan<byte> Recover;
    public ReadOnlySpan<byte> Limit;
    public ReadOnlySpan<byte> Before;
    public ReadOnlySpan<byte> After;

    /// <summary>Collects the fields of a payload.</summary>
    /// <returns>False unless the payload is one JSON object and nothing else. <paramref name="problem"/> then says why.</returns>
    public static bool TryCollect(ReadOnlySpan<byte> payload, out ClientFields fields, out string? problem)
    {
        fields = default;
        problem = null;
        try
        {
            if (!fields.TryCollect(payload))
                problem = "The message must be one JSON object.";
        }
        catch (JsonException exception)
        {
            problem = $"The message is not valid JSON of at most {JsonObjectScanner.MaxDepth} levels at byte {Offset(payload, exception)}.";
        }
        return problem is null;
    }

    private bool TryCollect(ReadOnlySpan<byte> payload)
    {
        var scanner = new JsonObjectScanner(payload);
        if (!scanner.TryEnter())
            return false;
        while (scanner.MoveNext())
        {
            if (scanner.NameIs("type"u8))
                Type = scanner.ReadValue();
            else if (scanner.NameIs("channel"u8))
                Channel = scanner.ReadValue();
            else if (scanner.NameIs("content"u8))
                Content = scanner.ReadValue();
            else if (scanner.NameIs("id"u8))
                Id = scanner.ReadValue();
            else if (scanner.NameIs("key"u8))
                Key = scanner.ReadValue();
            else if (scanner.NameIs("echo"u8))
                Echo = scanner.ReadValue();
            else if (scanner.NameIs("token"u8))
                Token = scanner.ReadValue();
            else if (scanner.NameIs("recover"u8))
                Recover = scanner.ReadValue();
            else if (scanner.NameIs("limit"u8))
                Limit = scanner.ReadValue();
            else if (scanner.NameIs("attachments"u8))
                Attachments = scanner.ReadValue();
            else if (scanner.NameIs("before"u8))
                Before = scanner.ReadValue();
            else if (scanner.NameIs("after"u8))
                After = scanner.ReadValue();
            else
                scanner.ReadValue();
        }
        return true;
    }

    /// <summary>The error's place from the payload's start. The JSON reader reports a line and a byte in that line.</summary>
    private static long Offset(ReadOnlySpan<byte> payload, JsonException exception)
    {
        int lineStart = 0;
        for (long line = exception.LineNumber ?? 0; line > 0; line--)
            lineStart += payload[lineStart..].IndexOf((byte)'\n') + 1;
        return lineStart + (exception.BytePositionInLine ?? 0);
    }
}
