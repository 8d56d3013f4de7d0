using System.Text;

namespace Gateway.Protocol.WebSockets;

/// <summary>A header, RFC 9112 section 5. Lives on the stack of one call, over the caller's bytes.</summary>
internal readonly ref struct HeaderLine
{
    private readonly ReadOnlySpan<byte> _name;

    private HeaderLine(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        _name = name;
        Value = value;
    }

    /// <summary>The value without the blanks around it.</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>
    /// The value as text with one character for each byte: RFC 9110 section 5.5 lets bytes above ASCII pass as opaque data.
    /// </summary>
    public string Text => Encoding.Latin1.GetString(Value);

    public bool Is(string name) => Ascii.EqualsIgnoreCase(_name, name);

    /// <summary>Reads a line, which is without its line end and not empty.</summary>
    /// <returns>The refusal of a malformed line. Null for a well-formed one.</returns>
    public static HandshakeRefusal? TryParse(ReadOnlySpan<byte> text, out HeaderLine line)
    {
        line = default;
        if (text[0] is (byte)' ' or (byte)'\t')
            return HandshakeRefusal.HeaderFolded;
        int colon = text.IndexOf((byte)':');
        if (colon < 0)
            return HandshakeRefusal.HeaderWithoutColon;
        var name = text[..colon];
        if (name is [.., (byte)' ' or (byte)'\t'])
            return HandshakeRefusal.HeaderNameBlank;
        if (!HttpToken.IsToken(name))
            return HandshakeRefusal.HeaderName;
        var value = text[(colon + 1)..];
        foreach (byte b in value)
        {
            if ((b < ' ' && b != '\t') || b == 0x7F)
                return HandshakeRefusal.HeaderValue;
        }
        line = new HeaderLine(name, value.Trim(HttpToken.Blanks));
        return null;
    }
}
