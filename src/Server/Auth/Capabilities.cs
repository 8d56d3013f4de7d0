using System.Text;

namespace Gateway.Server.Auth;

/// <summary>
/// A token's <c>channels</c> and <c>subscriptions</c>, read once so that asking them, as every message does, allocates nothing. Immutable.
/// </summary>
internal sealed class Capabilities
{
    public static readonly Capabilities None = new([]);

    /// <summary>Everything everywhere.</summary>
    public static readonly Capabilities All = new([("*", ChannelOperations.All)]);

    /// <summary>Looked through in order: a token has room for a few hundred at most, and mostly holds a handful.</summary>
    private readonly Pattern[] _patterns;

    /// <param name="patterns">Names, or prefixes that end in <c>*</c>.</param>
    /// <param name="names">Channels to subscribe to, taken literally.</param>
    public Capabilities(IEnumerable<(string Pattern, ChannelOperations ChannelOperations)> patterns, IEnumerable<string>? names = null)
    {
        var exact = (names ?? []).Select(name => new Pattern(Encoding.UTF8.GetBytes(name), IsPrefix: false, ChannelOperations.Subscribe));
        _patterns = [.. patterns.Select(entry => Parse(entry.Pattern, entry.ChannelOperations)), .. exact];
    }

    /// <summary>Whether the patterns that fit the channel grant the right, one of them or another.</summary>
    public bool Grant(ReadOnlySpan<byte> channel, ChannelOperations right)
    {
        foreach (var pattern in _patterns)
        {
            if ((pattern.ChannelOperations & right) != 0 && pattern.Fits(channel))
                return true;
        }
        return false;
    }

    private static Pattern Parse(string text, ChannelOperations rights) => text.EndsWith('*')
        ? new Pattern(Encoding.UTF8.GetBytes(text[..^1]), IsPrefix: true, rights)
        : new Pattern(Encoding.UTF8.GetBytes(text), IsPrefix: false, rights);

    private readonly record struct Pattern(byte[] Text, bool IsPrefix, ChannelOperations ChannelOperations)
    {
        public bool Fits(ReadOnlySpan<byte> channel) => IsPrefix ? channel.StartsWith(Text) : channel.SequenceEqual(Text);
    }
}
