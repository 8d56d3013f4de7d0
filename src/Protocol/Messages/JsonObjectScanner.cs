using System.Text.Json;

namespace Gateway.Protocol.Messages;

/// <summary>
/// Walks once over the properties of one JSON object, and gives each value as the bytes it was written with. For one thread.
/// </summary>
/// <remarks>
/// Each property takes one <see cref="MoveNext"/>, any number of <see cref="NameIs"/>, and one <see cref="ReadValue"/>. Every method that
/// reads on throws <see cref="JsonException"/> for text that is not JSON. When <see cref="MoveNext"/> has returned false, the whole text
/// has been checked, with the bytes behind the object.
/// </remarks>
internal ref struct JsonObjectScanner(ReadOnlySpan<byte> json)
{
    /// <summary>
    /// The deepest nesting. It is the default limit of <c>System.Text.Json</c> and others, so receivers can read whatever passes.
    /// </summary>
    public const int MaxDepth = 64;

    private readonly ReadOnlySpan<byte> _json = json;
    private Utf8JsonReader _reader = new(json, new JsonReaderOptions { MaxDepth = MaxDepth });
    private bool _nameIsComparable;

    /// <summary>Enters the object.</summary>
    /// <returns>False if the text starts with anything else.</returns>
    public bool TryEnter() => _reader.Read() && _reader.TokenType == JsonTokenType.StartObject;

    public bool MoveNext()
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.EndObject)
        {
            // Reads to the end of the text, or throws at bytes behind the object.
            _reader.Read();
            return false;
        }
        // Comparing throws for half a surrogate pair, which is legal in JSON text. The protocol's names are ASCII, so a name that escapes
        // any of U+D000 to U+DFFF is not one of them.
        _nameIsComparable = !_reader.ValueIsEscaped
            || (_reader.ValueSpan.IndexOf("\\ud"u8) < 0 && _reader.ValueSpan.IndexOf("\\uD"u8) < 0);
        return true;
    }

    public readonly bool NameIs(ReadOnlySpan<byte> name) => _nameIsComparable && _reader.ValueTextEquals(name);

    /// <summary>Reads the current property's value, from its first byte to its last.</summary>
    public ReadOnlySpan<byte> ReadValue()
    {
        _reader.Read();
        int start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        return _json[start..(int)_reader.BytesConsumed];
    }
}
