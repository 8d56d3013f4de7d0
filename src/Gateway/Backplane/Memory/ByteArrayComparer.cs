using System.Diagnostics.CodeAnalysis;

namespace Gateway.Backplane.Memory;

/// <summary>Stateless. Compares arrays by what is in them; the hash is seeded, since clients choose the bytes.</summary>
internal sealed class ByteArrayComparer : IEqualityComparer<byte[]>
{
    public static readonly ByteArrayComparer Instance = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode([DisallowNull] byte[] bytes) => Channels.ChannelName.Hash(bytes);
}
