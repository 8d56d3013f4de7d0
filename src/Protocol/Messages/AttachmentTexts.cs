using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace Gateway.Protocol.Messages;

/// <summary>
/// The field <c>attachments</c> wherever messages are text: a JSON array of strings in base64 (RFC 4648, section 4). Stateless.
/// </summary>
internal static class AttachmentTexts
{
    /// <summary>Whether a value is there and is more than an empty array, which stands for no attachments.</summary>
    public static bool AreThere(ReadOnlySpan<byte> value) =>
        !value.IsEmpty && !(value[0] == '[' && value[1..^1].Trim(" \t\r\n"u8).IsEmpty);

    /// <summary>Decodes an array that <see cref="JsonObjectScanner"/> has found, and that is not empty.</summary>
    /// <param name="array">The array.</param>
    /// <param name="attachments">The attachments, in memory of their own.</param>
    /// <param name="problem">What is wrong with the array, as the end of a sentence about it; empty for nothing.</param>
    public static bool TryDecode(ReadOnlySpan<byte> array, out Attachments attachments, out string problem)
    {
        attachments = default;
        Span<Range> elements = stackalloc Range[Attachments.MaxCount];
        if (!TryFind(array, elements, out int count, out problem))
            return false;
        int length = Attachments.HeaderSize(count);
        byte[] block = GC.AllocateUninitializedArray<byte>(length + Base64.GetMaxDecodedFromUtf8Length(array.Length));
        Attachments.Begin(block, count);
        for (int i = 0; i < count; i++)
        {
            // Some encoders of JSON write every slash as "\/".
            if (!JsonValue.TryReadString(array[elements[i]], out var text)
                || Base64.DecodeFromUtf8(text, block.AsSpan(length), out _, out int written) != OperationStatus.Done)
            {
                problem = $"must hold strings in base64 with padding, and number {i + 1} is none";
                return false;
            }
            Attachments.SetLength(block, i, written);
            length += written;
        }
        attachments = Attachments.Read(block);
        return true;
    }

    /// <summary>The number of bytes that <see cref="Write"/> writes.</summary>
    public static int Size(Attachments attachments)
    {
        // The brackets, the quotes, and a comma between two.
        int size = 1 + (3 * attachments.Count);
        for (int i = 0; i < attachments.Count; i++)
            size = checked(size + Base64.GetMaxEncodedToUtf8Length(attachments.LengthOf(i)));
        return size;
    }

    /// <summary>Writes the array.</summary>
    /// <returns>Bytes written.</returns>
    public static int Write(Attachments attachments, Span<byte> destination)
    {
        int at = 0;
        var rest = attachments.Bytes;
        for (int i = 0; i < attachments.Count; i++)
        {
            int length = attachments.LengthOf(i);
            destination[at++] = (byte)(i == 0 ? '[' : ',');
            destination[at++] = (byte)'"';
            Base64.EncodeToUtf8(rest[..length], destination[at..], out _, out int written);
            at += written;
            destination[at++] = (byte)'"';
            rest = rest[length..];
        }
        destination[at++] = (byte)']';
        return at;
    }

    private static bool TryFind(ReadOnlySpan<byte> array, Span<Range> elements, out int count, out string problem)
    {
        count = 0;
        problem = array[0] == '[' ? "" : "must be an array of strings in base64";
        var reader = new Utf8JsonReader(array);
        reader.Read();
        while (problem.Length == 0 && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.String)
                problem = "must be an array of strings in base64";
            else if (count == elements.Length)
                problem = $"must have at most {Attachments.MaxCount} elements";
            else
                elements[count++] = (int)reader.TokenStartIndex..(int)reader.BytesConsumed;
        }
        return problem.Length == 0;
    }
}
