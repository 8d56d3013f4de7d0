namespace Gateway.Server.Cluster;

/// <summary>A channel and the number of its subscribers. Immutable.</summary>
internal sealed record ChannelCount(string Channel, int Subscribers);
