using System.Text;
using Gateway.Channels;

namespace Gateway.Backplane.Redis;

/// <summary>
/// Immutable. The names in Redis of everything that belongs to one channel, all with the same hash tag, so that a cluster keeps
/// them in one slot and a script may touch them together.
/// </summary>
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

    /// <summary>What became of the publish with an idempotency key.</summary>
    public byte[] Result(ReadOnlySpan<byte> key) => [.. Bytes($"{prefix}:k:{_tag}:"), .. key];

    /// <summary>An empty hash tag is none, so a name that would make one gets another.</summary>
    private static string Tag(string channel) => channel[0] == '}' ? $"{{_}}{channel}" : $"{{{channel}}}";

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
