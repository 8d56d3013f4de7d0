using System.Buffers;
using System.Text;

namespace Gateway.Protocol.WebSockets;

/// <summary>Reads tokens and comma-separated lists of them, RFC 9110 sections 5.6.1 and 5.6.2. Stateless.</summary>
internal static class HttpToken
{
    private static readonly SearchValues<byte> Characters = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>The characters that may surround a header's value and a list's elements: OWS, RFC 9110 section 5.6.3.</summary>
    public static ReadOnlySpan<byte> Blanks => " \t"u8;

    /// <summary>The length of the token that the text begins with; 0 for none.</summary>
    public static int LengthOf(ReadOnlySpan<byte> text)
    {
        int end = text.IndexOfAnyExcept(Characters);
        return end < 0 ? text.Length : end;
    }

    public static bool IsToken(ReadOnlySpan<byte> text) => !text.IsEmpty && !text.ContainsAnyExcept(Characters);

    /// <summary>Whether <paramref name="list"/> names <paramref name="token"/>, in any casing.</summary>
    public static bool ListContains(ReadOnlySpan<byte> list, ReadOnlySpan<byte> token)
    {
        foreach (var range in list.Split((byte)','))
        {
            if (Ascii.EqualsIgnoreCase(list[range].Trim(Blanks), token))
                return true;
        }
        return false;
    }
}
