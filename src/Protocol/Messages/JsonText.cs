using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gateway.Protocol.Messages;

/// <summary>Text escaped once for JSON and then copied into many messages; stateless, so any thread may call it.</summary>
public static class JsonText
{
    /// <summary>
    /// Escapes what JSON demands, and what lies beyond the basic plane as a surrogate pair; leaves other scripts as UTF-8.
    /// The stricter default encoder is for JSON pasted into HTML, which messages never are.
    /// </summary>
    public static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <exception cref="ArgumentException">The bytes are not UTF-8.</exception>
    public static JsonEncodedText Encode(ReadOnlySpan<byte> utf8) => JsonEncodedText.Encode(utf8, Encoder);

    /// <exception cref="ArgumentException">The text holds half a surrogate pair.</exception>
    public static JsonEncodedText Encode(string text) => JsonEncodedText.Encode(text, Encoder);
}
