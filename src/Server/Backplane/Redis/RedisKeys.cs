using System.Text;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// Immutable. The names in Redis of everything that belongs to one channel, all with the same hash tag, so that a cluster keeps
/// them in one slot and a script may touch them together. Two channels never share a name, nor two keys of one.
/// </summary>
/// <remarks>
/// The first brace of a name opens the tag and the first closing one ends it, for Redis and for whoever reads it: neither the prefix nor a
/// tag holds another closing brace. So what follows the tag cannot be taken for a part of it.
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
    /// A hash from idempotency key, with its owner, to when it was used and what became of the publish: the newest of the last minutes.
    /// </summary>
    public byte[] Results => Bytes($"{prefix}:k:{_tag}");

    /// <summary>What <see cref="Results"/> was before it was begun anew.</summary>
    public byte[] OlderResults => Bytes($"{prefix}:ko:{_tag}");

    /// <summary>
    /// The channel in braces; its own become <c>{(</c> and <c>{)</c>. An opening brace in a tag thus always has one of the two behind it,
    /// which is what makes this reversible, and names without braces stay as they are.
    /// </summary>
    private static string Tag(string channel) =>
        $"{{{channel.Replace("{", "{(", StringComparison.Ordinal).Replace("}", "{)", StringComparison.Ordinal)}}}";

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
