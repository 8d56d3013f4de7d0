using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Gateway.Protocol.Messages;

namespace Gateway.Server.Application.Hooks;

/// <summary>
/// Stateless. Reads the backend's answer. What is not a clear yes is no yes, and what is a clear no is one however odd the rest is.
/// </summary>
internal static class HookDecisionReader
{
    /// <summary>What a close frame has room for (RFC 6455 section 5.5), and as much as the API may give as a reason.</summary>
    private const int MaxTextBytes = 123;

    private const string DefaultText = "denied by the application";

    /// <summary>The codes with which a client can be refused something it asked for.</summary>
    private static readonly string[] Codes =
    [
        ErrorCode.Forbidden, ErrorCode.Unauthorized, ErrorCode.BadRequest, ErrorCode.LimitExceeded, ErrorCode.RateLimited,
        ErrorCode.MessageTooLarge, ErrorCode.Unavailable,
    ];

    /// <param name="json">The answer.</param>
    /// <param name="maxContent">Bytes that a content to publish may have.</param>
    /// <param name="decision">What it says.</param>
    /// <returns>What is wrong with it; null for nothing.</returns>
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
        // Not within a character: its further bytes begin with the bits 10.
        while (length < text.Length && (text[length] & 0xC0) == 0x80)
            length--;
        // It may be logged, where a line is to stay one.
        return string.Concat(Encoding.UTF8.GetString(text[..length]).Select(letter => char.IsControl(letter) ? ' ' : letter));
    }
}
