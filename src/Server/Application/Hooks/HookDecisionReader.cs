using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Gateway.Protocol.Messages;

namespace Gateway.Server.Application.Hooks;

/// <summary>Reads the backend's answer. Only a clear yes allows, and a clear no denies however odd the rest is. Stateless.</summary>
internal static class HookDecisionReader
{
    /// <summary>The room in a close frame (RFC 6455 section 5.5), and as much as the API may give as a reason.</summary>
    private const int MaxTextBytes = 123;

    private const string DefaultText = "denied by the application";

    /// <summary>The codes with which a client can be refused something that it wants.</summary>
    private static readonly string[] Codes =
    [
        ErrorCode.Forbidden, ErrorCode.Unauthorized, ErrorCode.BadRequest, ErrorCode.LimitExceeded, ErrorCode.RateLimited,
        ErrorCode.MessageTooLarge, ErrorCode.Unavailable,
    ];

    /// <summary>Reads an answer.</summary>
    /// <param name="json">The answer.</param>
    /// <param name="maxContent">Bytes that a content to publish may have.</param>
    /// <param name="decision">What the answer says.</param>
    /// <returns>What is wrong with the answer; null for nothing.</returns>
    public static string? TryRead(ReadOnlyMemory<byte> json, int maxContent, out Decision decision)
    {
        decision = default;
        try
        {
            return Utf8.IsValid(json.Span) ? Read(json, maxContent, out decision) : "its answer is not UTF-8";
        }
        catch (JsonException)
        {
            return "its answer is not JSON";
        }
    }

    private static string? Read(ReadOnlyMemory<byte> json, int maxContent, out Decision decision)
    {
        decision = default;
        var scanner = new JsonObjectScanner(json.Span);
        if (!scanner.TryEnter())
            return "its answer is not a JSON object";
        ReadOnlySpan<byte> allow = default, code = default, message = default, content = default;
        while (scanner.MoveNext())
        {
            if (scanner.NameIs("allow"u8))
                allow = scanner.ReadValue();
            else if (scanner.NameIs("code"u8))
                code = scanner.ReadValue();
            else if (scanner.NameIs("message"u8))
                message = scanner.ReadValue();
            else if (scanner.NameIs("content"u8))
                content = scanner.ReadValue();
            else
                scanner.ReadValue();
        }
        if (!JsonValue.TryReadBoolean(allow, out bool isAllowed))
            return "its answer has no 'allow' that is true or false";
        if (!isAllowed)
            decision = new Decision(new ProtocolError(Code(code), Text(message)));
        else if (content.Length > maxContent)
            return "the 'content' in its answer is over Limits:MessageBytes";
        else if (json.Span.Overlaps(content, out int at))
            decision = new Decision(null, json.Slice(at, content.Length));
        return null;
    }

    private static string Code(ReadOnlySpan<byte> value)
    {
        JsonValue.TryReadString(value, out var text);
        string code = Encoding.UTF8.GetString(text);
        return Array.Find(Codes, known => known == code) ?? ErrorCode.Forbidden;
    }

    private static string Text(ReadOnlySpan<byte> value)
    {
        if (!JsonValue.TryReadString(value, out var text) || text.IsEmpty)
            return DefaultText;
        int length = Math.Min(text.Length, MaxTextBytes);
        // Never cut within a character, whose further bytes begin with the bits 10.
        while (length < text.Length && (text[length] & 0xC0) == 0x80)
            length--;
        // The text may be logged, where it has to stay one line.
        return string.Concat(Encoding.UTF8.GetString(text[..length]).Select(letter => char.IsControl(letter) ? ' ' : letter));
    }
}
