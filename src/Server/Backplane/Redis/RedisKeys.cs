using System.Text;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// The names in Redis of everything that belongs to one channel. All have the same hash tag, so that a cluster keeps them in one slot and a
/// script may use them together. Two channels never share a name, and two keys of one channel do not either. Immutable.
/// </summary>
/// <remarks>
/// The first opening brace of a name begins the tag and the first closing one ends it: neither the prefix nor a tag holds another closing
/// brace. So what follows the tag cannot be taken for a part of it.
/// </remarks>
internal sealed class RedisKeys(string prefix, ChannelName channel)
{
    private readonly string _tag = Tag(channel.ToString());

    /// <summary>The pub/sub channel.</summary>
    public byte[] Flow { get; } = Bytes($"{prefix}:c:{Tag(channel.ToString())}");

    /// <summary>A hash: <c>e</c> the epoch, <c>s</c> the last seq.</summary>
    public byte[] Meta => Bytes($"{prefix}:m:{_tag}");

    /// <summary>A stream whose ids are seqs; field <c>d</c> has the message.</summary>
    public byte[] Stream => Bytes($"{prefix}:h:{_tag}");

    /// <summary>A hash from user to info.</summary>
    public byte[] Users => Bytes($"{prefix}:pu:{_tag}");

    /// <summary>A hash from user to the number of nodes that have it.</summary>
    public byte[] Nodes => Bytes($"{prefix}:pn:{_tag}");

    /// <summary>A sorted set of node and user by the time they expire.</summary>
    public byte[] Expiry => Bytes($"{prefix}:pe:{_tag}");

    /// <summary>
    /// A hash from an idempotency key with its owner to the time of use and the result of the publish: the newest of the last minutes.
    /// </summary>
    public byte[] Results => Bytes($"{prefix}:k:{_tag}");

    /// <summary>The previous <see cref="Results"/>: a full hash is replaced by an empty one.</summary>
    public byte[] OlderResults => Bytes($"{prefix}:ko:{_tag}");

    /// <summary>
    /// Puts the channel in braces. The channel's own braces become <c>{(</c> and <c>{)</c>, so that an opening brace in a tag always has
    /// one of the two characters behind it. That makes the tag reversible, and leaves names without braces as they are.
    /// </summary>
    private static string Tag(string channel) =>
        $"{{{channel.Replace("{", "{(", StringComparison.Ordinal).Replace("}", "{)", StringComparison.Ordinal)}}}";

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
