namespace Gateway.Server.Api.Results;

/// <summary>Immutable. One channel, also one that nobody knows.</summary>
/// <param name="Channel">Its name.</param>
/// <param name="Namespace">Whose rules hold for it.</param>
/// <param name="Subscribers">Connections subscribed to it, on all nodes.</param>
/// <param name="Nodes">Subscribers by node.</param>
/// <param name="Missing">Nodes that did not answer in time; their subscribers are not counted.</param>
/// <param name="Users">Users present; null in a namespace without presence.</param>
/// <param name="Epoch">Of its history; null in a namespace without.</param>
/// <param name="Seq">Its last message; null in a namespace without history.</param>
internal sealed record ChannelDetails(
    string Channel, string Namespace, int Subscribers, IReadOnlyList<NodeSubscribers> Nodes, IReadOnlyList<string> Missing, int? Users = null, string? Epoch = null, long? Seq = null);
