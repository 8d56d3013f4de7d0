namespace Gateway.Server.Backplane.Redis;

/// <summary>Immutable. A Redis server that takes writes: the only one, or a master of a cluster.</summary>
/// <param name="Name">Its <c>host:port</c>; empty for the only one.</param>
/// <param name="Key">Behind the prefix, the name of a key that it has.</param>
internal sealed record RedisMember(string Name, string Key);
