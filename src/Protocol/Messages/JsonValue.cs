using System.Buffers.Text;
using System.Text.Json;

namespace Gateway.Protocol.Messages;

/// <summary>
/// Reads raw JSON values that <see cref="JsonObjectScanner"/> has checked. An empty span stands for an absent field, and is no value of any
/// kind. Stateless.
/// </summary>
internal static class JsonValue
{
    /// <summary>Reads a string: a slice of <paramref name="value"/>, or a copy where it has escapes.</summary>
    /// <returns>False for another kind of value, and for half a surrogate pair.</returns>
    public static bool TryReadString(ReadOnlySpan<byte> value, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (!IsString(value))
            return false;
        text = value[1..^1];
        return text.IndexOf((byte)'\\') < 0 || TryUnescape(value, out text);
    }

    /// <summary>Reads an integer.</summary>
    /// <returns>False for another kind of value, for a fraction or an exponent, and for a number beyond 64 bits.</returns>
    public static bool TryReadInteger(ReadOnlySpan<byte> value, out long number) =>
        Utf8Parser.TryParse(value, out number, out int consumed) && consumed == value.Length;

    public static bool TryReadBoolean(ReadOnlySpan<byte> value, out bool truth)
    {
        truth = value.SequenceEqual("true"u8);
        return truth || value.SequenceEqual("false"u8);
    }

    public static bool IsString(ReadOnlySpan<byte> value) => !value.IsEmpty && value[0] == '"';

    public static bool IsNumber(ReadOnlySpan<byte> value) => !value.IsEmpty && (value[0] == '-' || char.IsAsciiDigit((char)value[0]));

    private static bool TryUnescape(ReadOnlySpan<byte> value, out ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(value);
        reader.Read();
        byte[] unescaped = new byte[value.Length];
        try
        {
            text = unescaped.AsSpan(0, reader.CopyString(unescaped));
            return true;
        }
        catch (InvalidOperationException)
        {
            text = default;
            return false;
        }
    }
}
