using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gateway.Protocol.Messages;

/// <summary>Escapes text once, so that it can be copied into many JSON messages. Stateless, so any thread may call it.</summary>
public static class JsonText
{
    /// <summary>
    /// The encoder of all messages. It escapes what JSON demands, writes characters beyond the basic plane as surrogate pairs, and leaves
    /// other scripts as UTF-8. The stricter default encoder is for JSON inside HTML, where messages never are.
    /// </summary>
    public static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <exception cref="ArgumentException">The bytes are not UTF-8.</exception>
    public static JsonEncodedText Encode(ReadOnlySpan<byte> utf8) => JsonEncodedText.Encode(utf8, Encoder);

    /// <exception cref="ArgumentException">The text holds half a surrogate pair.</exception>
    public static JsonEncodedText Encode(string text) => JsonEncodedText.Encode(text, Encoder);
}
