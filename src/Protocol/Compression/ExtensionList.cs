using Gateway.Protocol.WebSockets;

namespace Gateway.Protocol.Compression;

/// <summary>
/// Reads <c>Sec-WebSocket-Extensions</c> (RFC 6455 section 9.1), of which permessage-deflate is the only extension known here. A local of
/// one call, over the caller's bytes.
/// </summary>
/// <remarks>
/// <code>
/// extension-list  = 1#extension
/// extension       = token *( ";" extension-param )
/// extension-param = token [ "=" ( token | quoted-string ) ]
/// </code>
/// "When using the quoted-string syntax variant, the value after quoted-string unescaping MUST conform to the token ABNF."
/// </remarks>
internal ref struct ExtensionList(ReadOnlySpan<byte> list)
{
    private ReadOnlySpan<byte> _rest = list;

    /// <summary>Finds the first offer of permessage-deflate that can be accepted; the client's order is its preference.</summary>
    /// <param name="list">The header's value, several headers joined by commas.</param>
    /// <param name="agreement">What is agreed on; null when there is no such offer.</param>
    /// <returns>False when the list is malformed, which fails the handshake.</returns>
    public static bool TryAgree(ReadOnlySpan<byte> list, out DeflateAgreement? agreement)
    {
        agreement = null;
        var reader = new ExtensionList(list);
        while (reader.NextExtension())
        {
            if (!reader.TryReadExtension(out var accepted))
            {
                agreement = null;
                return false;
            }
            agreement ??= accepted;
        }
        return true;
    }

    /// <summary>Goes on to the next element; empty ones are passed over (RFC 9110 section 5.6.1.2).</summary>
    private bool NextExtension()
    {
        _rest = _rest.TrimStart(" \t,"u8);
        return !_rest.IsEmpty;
    }

    private bool TryReadExtension(out DeflateAgreement? accepted)
    {
        accepted = null;
        if (!TryReadToken(out var extension))
            return false;
        var offer = new DeflateOffer();
        while (TrySkip((byte)';'))
        {
            if (!TryReadToken(out var name))
                return false;
            ReadOnlySpan<byte> value = default;
            bool hasValue = TrySkip((byte)'=');
            if (hasValue && !TryReadValue(out value))
                return false;
            offer.Add(name, value, hasValue);
        }
        if (extension.SequenceEqual("permessage-deflate"u8) && offer.TryAccept(out var agreement))
            accepted = agreement;
        SkipBlanks();
        return _rest.IsEmpty || _rest[0] == ',';
    }

    private bool TryReadToken(out ReadOnlySpan<byte> token)
    {
        SkipBlanks();
        int length = HttpToken.LengthOf(_rest);
        token = _rest[..length];
        _rest = _rest[length..];
        return length > 0;
    }

    private bool TryReadValue(out ReadOnlySpan<byte> value)
    {
        SkipBlanks();
        return _rest is [(byte)'"', ..] ? TryReadQuoted(out value) : TryReadToken(out value);
    }

    private bool TryReadQuoted(out ReadOnlySpan<byte> value)
    {
        value = default;
        bool hasEscapes = false;
        for (int i = 1; i < _rest.Length; i++)
        {
            if (_rest[i] == '"')
            {
                value = hasEscapes ? Unescape(_rest[1..i]) : _rest[1..i];
                _rest = _rest[(i + 1)..];
                return HttpToken.IsToken(value);
            }
            if (_rest[i] != '\\')
                continue;
            hasEscapes = true;
            i++;
        }
        return false;
    }

    private static byte[] Unescape(ReadOnlySpan<byte> text)
    {
        var letters = new List<byte>(text.Length);
        for (int i = 0; i < text.Length; i++)
            letters.Add(text[i] == '\\' ? text[++i] : text[i]);
        return [.. letters];
    }

    private bool TrySkip(byte letter)
    {
        SkipBlanks();
        if (_rest.IsEmpty || _rest[0] != letter)
            return false;
        _rest = _rest[1..];
        return true;
    }

    private void SkipBlanks() => _rest = _rest.TrimStart(HttpToken.Blanks);
}
