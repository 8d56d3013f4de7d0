namespace Gateway.Server.Cluster;

/// <summary>Immutable. A channel and its subscribers.</summary>
internal sealed record ChannelCount(string Channel, int Subscribers);
