using System.Text;

namespace Gateway.Protocol.WebSockets;

/// <summary>Lives on the stack of one call, over the caller's bytes. One header, RFC 9112 section 5.</summary>
internal readonly ref struct HeaderLine
{
    private readonly ReadOnlySpan<byte> _name;

    private HeaderLine(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        _name = name;
        Value = value;
    }

    /// <summary>Without the blanks around it.</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>One character a byte: RFC 9110 section 5.5 lets bytes above ASCII pass as opaque data.</summary>
    public string Text => Encoding.Latin1.GetString(Value);

    public bool Is(string name) => Ascii.EqualsIgnoreCase(_name, name);

    /// <summary>Null when <paramref name="text"/>, which has no line end and is not empty, is well-formed.</summary>
    public static UpgradeRefusal? TryParse(ReadOnlySpan<byte> text, out HeaderLine line)
    {
        line = default;
        if (text[0] is (byte)' ' or (byte)'\t')
            return UpgradeRefusal.HeaderFolded;
        int colon = text.IndexOf((byte)':');
        if (colon < 0)
            return UpgradeRefusal.HeaderWithoutColon;
        var name = text[..colon];
        if (name is [.., (byte)' ' or (byte)'\t'])
            return UpgradeRefusal.HeaderNameBlank;
        if (!HttpToken.IsToken(name))
            return UpgradeRefusal.HeaderName;
        var value = text[(colon + 1)..];
        foreach (byte b in value)
        {
            if ((b < ' ' && b != '\t') || b == 0x7F)
                return UpgradeRefusal.HeaderValue;
        }
        line = new HeaderLine(name, value.Trim(HttpToken.Blanks));
        return null;
    }
}
