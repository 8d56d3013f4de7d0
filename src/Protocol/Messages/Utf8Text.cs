using System.Text;

namespace Gateway.Protocol.Messages;

/// <summary>Text in UTF-8 that is made once and then copied into many messages. Immutable; the default is the empty text.</summary>
internal readonly struct Utf8Text : IEquatable<Utf8Text>
{
    private readonly byte[]? _bytes;

    private Utf8Text(byte[] bytes) => _bytes = bytes;

    public ReadOnlySpan<byte> Span => _bytes;

    public bool IsEmpty => Span.IsEmpty;

    public static Utf8Text Of(string text) => new(Encoding.UTF8.GetBytes(text));

    /// <param name="utf8">Copied.</param>
    public static Utf8Text Of(ReadOnlySpan<byte> utf8) => utf8.IsEmpty ? default : new Utf8Text(utf8.ToArray());

    public static bool operator ==(Utf8Text left, Utf8Text right) => left.Equals(right);

    public static bool operator !=(Utf8Text left, Utf8Text right) => !left.Equals(right);

    public bool Equals(Utf8Text other) => Span.SequenceEqual(other.Span);

    public override bool Equals(object? obj) => obj is Utf8Text other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    public override string ToString() => Encoding.UTF8.GetString(Span);
}
