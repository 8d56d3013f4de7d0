namespace Gateway.Server.Naming;

/// <summary>
/// Lets a dictionary keyed by <see cref="ChannelName"/> be asked with the raw bytes of a message, without making a key first. Stateless.
/// </summary>
internal sealed class ChannelNameComparer : IEqualityComparer<ChannelName>, IAlternateEqualityComparer<ReadOnlySpan<byte>, ChannelName>
{
    public static readonly ChannelNameComparer Instance = new();

    public bool Equals(ChannelName? x, ChannelName? y) => x is null ? y is null : x.Equals(y);

    public int GetHashCode(ChannelName name) => name.GetHashCode();

    public bool Equals(ReadOnlySpan<byte> utf8, ChannelName other) => other.Is(utf8);

    public int GetHashCode(ReadOnlySpan<byte> utf8) => ChannelName.Hash(utf8);

    public ChannelName Create(ReadOnlySpan<byte> utf8) => throw new NotSupportedException("A name needs its namespace.");
}
