using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Gateway.TestSupport;

/// <summary>A binary message of the protocol, put together and taken apart as its document says. Immutable.</summary>
/// <param name="Header">The JSON in front.</param>
/// <param name="Attachments">The bytes behind it, each attachment by itself.</param>
public sealed record AttachedMessage(JsonElement Header, byte[][] Attachments)
{
    /// <summary>The bytes of a message, whatever its header says.</summary>
    public static byte[] Bytes(string header, params byte[][] attachments)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, text.Length);
        return [.. length, .. text, .. attachments.SelectMany(attachment => attachment)];
    }

    /// <summary>The bytes of a <c>message</c> with the right lengths.</summary>
    /// <param name="channel">A name that needs no escapes.</param>
    /// <param name="more">Further fields, each with a leading comma.</param>
    /// <param name="attachments">The attachments.</param>
    public static byte[] Of(string channel, string more, params byte[][] attachments) => Bytes(
        $$"""{"type":"message","channel":"{{channel}}"{{more}},"attachments":[{{Lengths(attachments)}}]}""", attachments);

    /// <summary>Takes a message apart, all of whose bytes must belong to an attachment.</summary>
    public static AttachedMessage Read(ReadOnlySpan<byte> message)
    {
        int length = BinaryPrimitives.ReadInt32BigEndian(message);
        var header = JsonDocument.Parse(message.Slice(sizeof(int), length).ToArray()).RootElement;
        var rest = message[(sizeof(int) + length)..];
        var attachments = new List<byte[]>();
        foreach (var one in header.GetProperty("attachments").EnumerateArray())
        {
            attachments.Add(rest[..one.GetInt32()].ToArray());
            rest = rest[one.GetInt32()..];
        }
        return rest.IsEmpty
            ? new AttachedMessage(header, [.. attachments])
            : throw new InvalidOperationException($"{rest.Length} bytes are left");
    }

    /// <summary>The attachments as text has them, in base64.</summary>
    public static byte[][] ReadTexts(JsonElement message) => [.. message.Texts("attachments").Select(Convert.FromBase64String)];

    private static string Lengths(byte[][] attachments) => string.Join(",", attachments.Select(attachment => attachment.Length));
}
