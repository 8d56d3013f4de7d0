namespace Gateway.Server.Backplane.Redis;

/// <summary>A Redis server that takes writes: the only one, or a master of a cluster. Immutable.</summary>
/// <param name="Name">The server's <c>host:port</c>; empty for the only one.</param>
/// <param name="Key">The name, behind the prefix, of a key in one of the server's slots.</param>
internal sealed record RedisMember(string Name, string Key);
