using System.Diagnostics.CodeAnalysis;

namespace Gateway.Server.Backplane;

/// <summary>
/// Compares arrays by what is in them, also with bytes that are no array yet; the hash is seeded, since clients choose the bytes.
/// Stateless.
/// </summary>
internal sealed class ByteArrayComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static readonly ByteArrayComparer Instance = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode([DisallowNull] byte[] bytes) => Naming.ChannelName.Hash(bytes);

    public bool Equals(ReadOnlySpan<byte> bytes, byte[] other) => bytes.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> bytes) => Naming.ChannelName.Hash(bytes);

    public byte[] Create(ReadOnlySpan<byte> bytes) => bytes.ToArray();
}
