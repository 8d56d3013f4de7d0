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
    /// <param name="content">Bytes of the client's own content.</param>
    /// <param name="attached">Bytes of the client's own attachments.</param>
    /// <param name="most">Bytes that a message may have.</param>
    /// <param name="decision">What the answer says.</param>
    /// <returns>What is wrong with the answer; null for nothing.</returns>
    public static string? TryRead(ReadOnlyMemory<byte> json, int content, int attached, int most, out Decision decision)
    {
        decision = default;
        try
        {
            if (!Utf8.IsValid(json.Span))
                return "its answer is not UTF-8";
            if ((Read(json, out var read) ?? CheckSize(read, content, attached, most)) is { } problem)
                return problem;
            decision = read;
            return null;
        }
        catch (JsonException)
        {
            return "its answer is not JSON";
        }
    }

    private static string? Read(ReadOnlyMemory<byte> json, out Decision decision)
    {
        decision = default;
        var scanner = new JsonObjectScanner(json.Span);
        if (!scanner.TryEnter())
            return "its answer is not a JSON object";
        ReadOnlySpan<byte> allow = default, code = default, message = default, content = default, texts = default;
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
            else if (scanner.NameIs("attachments"u8))
                texts = scanner.ReadValue();
            else
                scanner.ReadValue();
        }
        if (!JsonValue.TryReadBoolean(allow, out bool isAllowed))
            return "its answer has no 'allow' that is true or false";
        if (!isAllowed)
            decision = new Decision(new ProtocolError(Code(code), Text(message)));
        else
            return ReadReplacement(json, content, texts, out decision);
        return null;
    }

    private static string? ReadReplacement(
        ReadOnlyMemory<byte> json, ReadOnlySpan<byte> content, ReadOnlySpan<byte> texts, out Decision decision)
    {
        decision = default;
        Attachments attachments = default;
        if (AttachmentTexts.AreThere(texts) && !AttachmentTexts.TryDecode(texts, out attachments, out string problem))
            return $"the 'attachments' in its answer {problem}";
        if (json.Span.Overlaps(content, out int at))
            decision = decision with { Content = json.Slice(at, content.Length) };
        if (!texts.IsEmpty)
            decision = decision with { Attachments = attachments.Block.ToArray() };
        return null;
    }

    /// <summary>Checks the message that comes of a decision.</summary>
    private static string? CheckSize(in Decision decision, int content, int attached, int most)
    {
        if (!decision.Replaces)
            return null;
        content = decision.Content?.Length ?? content;
        if (decision.Attachments is { } block)
        {
            if (block.IsEmpty && content == 0)
                return "its answer leaves nothing of the message";
            attached = block.IsEmpty ? 0 : Attachments.Read(block.Span).Bytes.Length;
        }
        return (long)content + attached > most ? "the message in its answer is over Limits:MessageBytes" : null;
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
