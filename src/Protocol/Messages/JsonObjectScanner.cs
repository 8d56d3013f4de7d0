using System.Text.Json;

namespace Gateway.Protocol.Messages;

/// <summary>
/// Walks the properties of one JSON object, for one thread and one pass, giving each value as the bytes it was written with.
/// </summary>
/// <remarks>
/// Text that is not JSON throws <see cref="JsonException"/> from any method that reads on. Each property takes one
/// <see cref="MoveNext"/>, any number of <see cref="NameIs"/>, and one <see cref="ReadValue"/>. When <see cref="MoveNext"/>
/// has returned false, the whole text has been checked, trailing bytes included.
/// </remarks>
public ref struct JsonObjectScanner(ReadOnlySpan<byte> json)
{
    /// <summary>What <c>System.Text.Json</c> and others accept by default: what is let through here, receivers can read.</summary>
    public const int MaxDepth = 64;

    private readonly ReadOnlySpan<byte> _json = json;
    private Utf8JsonReader _reader = new(json, new JsonReaderOptions { MaxDepth = MaxDepth });
    private bool _nameIsComparable;

    /// <summary>False if the text starts with anything but an object.</summary>
    public bool TryEnter() => _reader.Read() && _reader.TokenType == JsonTokenType.StartObject;

    public bool MoveNext()
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.EndObject)
        {
            // Finds nothing, or throws at what follows the object.
            _reader.Read();
            return false;
        }
        // Comparing throws on half a surrogate pair, legal in JSON text. Names of the protocol are ASCII, so one that
        // escapes any of U+D000 to U+DFFF is none of them.
        _nameIsComparable = !_reader.ValueIsEscaped
            || (_reader.ValueSpan.IndexOf("\\ud"u8) < 0 && _reader.ValueSpan.IndexOf("\\uD"u8) < 0);
        return true;
    }

    public readonly bool NameIs(ReadOnlySpan<byte> name) => _nameIsComparable && _reader.ValueTextEquals(name);

    /// <summary>The current property's value, from its first byte to its last.</summary>
    public ReadOnlySpan<byte> ReadValue()
    {
        _reader.Read();
        int start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        return _json[start..(int)_reader.BytesConsumed];
    }
}
