using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Gateway.Protocol.Messages;

namespace Gateway.Server.Naming;

/// <summary>A valid channel name, ready for the wire, with the rules of its namespace. Immutable.</summary>
internal sealed class ChannelName : IEquatable<ChannelName>
{
    private readonly byte[] _utf8;
    private readonly int _hash;

    /// <param name="utf8">A name that <see cref="Namespaces.TryName"/> found valid; copied.</param>
    /// <param name="rules">The namespace it belongs to.</param>
    public ChannelName(ReadOnlySpan<byte> utf8, Namespace rules)
    {
        _utf8 = utf8.ToArray();
        _hash = Hash(utf8);
        Json = JsonText.Encode(utf8);
        Namespace = rules;
    }

    public ReadOnlySpan<byte> Utf8 => _utf8;

    /// <summary>The name as it stands between quotes in JSON.</summary>
    public JsonEncodedText Json { get; }

    public Namespace Namespace { get; }

    public bool Is(ReadOnlySpan<byte> utf8) => utf8.SequenceEqual(_utf8);

    /// <summary>Clients choose the names, so the hash is the runtime's seeded one: nobody can aim at one bucket.</summary>
    public static int Hash(ReadOnlySpan<byte> utf8)
    {
        int hash = string.GetHashCode(MemoryMarshal.Cast<byte, char>(utf8));
        return (utf8.Length & 1) == 0 ? hash : (hash * 31) + utf8[^1];
    }

    public bool Equals(ChannelName? other) =>
        ReferenceEquals(this, other) || (other is not null && _hash == other._hash && Is(other._utf8));

    public override bool Equals(object? obj) => Equals(obj as ChannelName);

    public override int GetHashCode() => _hash;

    public override string ToString() => Encoding.UTF8.GetString(_utf8);
}
