using System.Security.Cryptography;
using System.Text;

namespace Gateway.Server.Backplane.Redis;

/// <summary>A Lua script, and the hash by which it is called. Immutable.</summary>
internal sealed class RedisScript(string text)
{
    public string Text { get; } = text;

#pragma warning disable CA5350 // Redis names scripts by SHA-1; nothing is protected by it.
    public byte[] Hash { get; } = SHA1.HashData(Encoding.UTF8.GetBytes(text));
#pragma warning restore CA5350

    /// <summary>
    /// The script for a cluster with sharded pub/sub: a message that it publishes stays with the server that has the slot.
    /// </summary>
    public RedisScript Sharded => field ??= new RedisScript(Text.Replace("'PUBLISH'", "'SPUBLISH'", StringComparison.Ordinal));
}
