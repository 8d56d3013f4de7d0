using System.Security.Cryptography;
using System.Text;

namespace Gateway.Backplane.Redis;

/// <summary>Immutable. A Lua script and the hash it is called by.</summary>
internal sealed class RedisScript(string text)
{
    public string Text { get; } = text;

#pragma warning disable CA5350 // Redis names scripts by SHA-1; nothing is protected by it.
    public byte[] Hash { get; } = SHA1.HashData(Encoding.UTF8.GetBytes(text));
#pragma warning restore CA5350
}
