using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gateway.Protocol.Messages;

/// <summary>Text as it stands between quotes in JSON. Stateless, so any thread may call it.</summary>
internal static class JsonText
{
    /// <summary>What stands in JSON as it is. Most names consist of nothing else, and one look tells.</summary>
    private static readonly SearchValues<byte> Plain =
        SearchValues.Create(
            [.. Enumerable.Range(' ', '~' - ' ' + 1).Where(value => value is not ('"' or '\\')).Select(value => (byte)value)]);

    /// <summary>
    /// The encoder of all messages. It escapes what JSON demands, writes characters beyond the basic plane as surrogate pairs, and leaves
    /// other scripts as UTF-8. The stricter default encoder is for JSON inside HTML, where messages never are.
    /// </summary>
    public static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <exception cref="ArgumentException">The bytes are not UTF-8.</exception>
    public static JsonEncodedText Encode(ReadOnlySpan<byte> utf8) => JsonEncodedText.Encode(utf8, Encoder);

    /// <exception cref="ArgumentException">The text holds half a surrogate pair.</exception>
    public static JsonEncodedText Encode(string text) => JsonEncodedText.Encode(text, Encoder);

    /// <summary>The number of bytes that <see cref="Escape"/> writes.</summary>
    public static int EscapedLength(ReadOnlySpan<byte> utf8)
    {
        if (!utf8.ContainsAnyExcept(Plain))
            return utf8.Length;
        int length = 0;
        Span<byte> escaped = stackalloc byte[256];
        while (!utf8.IsEmpty)
        {
            Encoder.EncodeUtf8(utf8, escaped, out int read, out int written);
            utf8 = utf8[read..];
            length += written;
        }
        return length;
    }

    /// <summary>Writes text for a place between quotes.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="destination">At least <see cref="EscapedLength"/> long.</param>
    /// <returns>Bytes written.</returns>
    public static int Escape(ReadOnlySpan<byte> utf8, Span<byte> destination)
    {
        if (!utf8.ContainsAnyExcept(Plain))
        {
            utf8.CopyTo(destination);
            return utf8.Length;
        }
        if (Encoder.EncodeUtf8(utf8, destination, out _, out int written) != OperationStatus.Done)
            throw new ArgumentException("Too short for the escaped text.", nameof(destination));
        return written;
    }
}
