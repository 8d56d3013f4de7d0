using System.Buffers;
using System.Text;
using Gateway.Server.Options;

namespace Gateway.Server.Naming;

/// <summary>
/// Says which channel names are valid and which namespace's rules hold for them. Immutable after construction: any thread may ask.
/// </summary>
internal sealed class Namespaces
{
    private readonly Namespace _default;
    private readonly Namespace _personal;
    private readonly Dictionary<string, Namespace> _named;
    private readonly Dictionary<string, Namespace>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly int _maxNameBytes;

    public Namespaces(GatewayOptions options)
    {
        _default = new Namespace("default", options.DefaultNamespace);
        var personal = options.Namespaces.GetValueOrDefault("user", options.DefaultNamespace);
        _personal = new Namespace("user", personal with { Publish = AccessPolicy.Nobody }, isPersonal: true);
        _named = options.Namespaces.ToDictionary(pair => pair.Key, pair => new Namespace(pair.Key, pair.Value), StringComparer.Ordinal);
        _bySpan = _named.GetAlternateLookup<ReadOnlySpan<char>>();
        _maxNameBytes = options.Limits.ChannelName;
    }

    /// <summary>Makes a name of the bytes a client sent, or says what is wrong with them.</summary>
    public ChannelName? TryName(ReadOnlySpan<byte> utf8, out string problem)
    {
        problem = "";
        if (utf8.IsEmpty)
            problem = "channel must not be empty";
        else if (utf8.Length > _maxNameBytes)
            problem = $"channel is longer than {_maxNameBytes} bytes";
        else if (HasBlankOrControl(utf8))
            problem = "channel must not contain blanks or control characters";
        else
            return new ChannelName(utf8, Of(utf8));
        return null;
    }

    private Namespace Of(ReadOnlySpan<byte> channel)
    {
        int colon = channel.IndexOf((byte)':');
        if (colon < 0)
            return _default;
        var name = channel[..colon];
        if (name.SequenceEqual("user"u8))
            return _personal;
        if (_named.Count == 0 || name.Length > 256)
            return _default;
        Span<char> text = stackalloc char[256];
        return _bySpan.TryGetValue(text[..Encoding.UTF8.GetChars(name, text)], out var found) ? found : _default;
    }

    private static bool HasBlankOrControl(ReadOnlySpan<byte> utf8)
    {
        while (!utf8.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(utf8, out Rune rune, out int consumed) != OperationStatus.Done
                || Rune.IsControl(rune) || Rune.IsWhiteSpace(rune))
                return true;
            utf8 = utf8[consumed..];
        }
        return false;
    }
}
