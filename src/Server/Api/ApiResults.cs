using Gateway.Server.Cluster;

namespace Gateway.Server.Api;

// The answers that are written by ApiJson. Their summaries are the descriptions of /openapi/v1.json.

/// <summary>The connections for which something was done.</summary>
/// <param name="Connections">How many it was done for.</param>
/// <param name="Failed">How many it could not be done for, such as those that have as many subscriptions as they may.</param>
/// <param name="Missing">Nodes that did not answer in time; whether it was done there is not known.</param>
internal sealed record ActionReply(int Connections, int Failed, IReadOnlyList<string> Missing);

/// <summary>Channels with subscribers, in the order of the bytes of their names.</summary>
/// <param name="Channels">A page of them.</param>
/// <param name="More">Whether there are more: ask again with <c>after</c>, the last one's name.</param>
/// <param name="Missing">Nodes that did not answer in time; their subscribers are not counted.</param>
internal sealed record ChannelList(IReadOnlyList<ChannelCount> Channels, bool More, IReadOnlyList<string> Missing);

/// <summary>One channel, whether or not anybody uses it.</summary>
/// <param name="Channel">Its name.</param>
/// <param name="Namespace">The namespace whose rules hold for it.</param>
/// <param name="Subscribers">Connections subscribed to it, on all nodes.</param>
/// <param name="Nodes">Subscribers by node.</param>
/// <param name="Missing">Nodes that did not answer in time; their subscribers are not counted.</param>
/// <param name="Users">Users present; null in a namespace without presence.</param>
/// <param name="Epoch">The epoch of its history; null in a namespace without history.</param>
/// <param name="Seq">Its last message; null in a namespace without history.</param>
internal sealed record ChannelDetails(
    string Channel, string Namespace, int Subscribers, IReadOnlyList<NodeSubscribers> Nodes, IReadOnlyList<string> Missing,
    int? Users = null, string? Epoch = null, long? Seq = null);

/// <summary>The subscribers of a channel on one node.</summary>
internal sealed record NodeSubscribers(string Node, int Subscribers);

/// <summary>The nodes of an installation.</summary>
/// <param name="Nodes">Those that were heard of within the last seconds, the one that answers first.</param>
/// <param name="Missing">Names of those that fell silent lately without saying that they stop.</param>
internal sealed record NodeList(IReadOnlyList<NodeSummary> Nodes, IReadOnlyList<string> Missing);

/// <summary>The figures of all nodes.</summary>
/// <param name="Nodes">Those of the nodes that answered, by name.</param>
/// <param name="Missing">Nodes that did not answer in time.</param>
internal sealed record StatsReply(IReadOnlyList<NodeStats> Nodes, IReadOnlyList<string> Missing);

/// <summary>Recent refusals and slow consumers on all nodes.</summary>
/// <param name="Nodes">Those of the nodes that answered, by name.</param>
/// <param name="Missing">Nodes that did not answer in time.</param>
internal sealed record EventsReply(IReadOnlyList<NodeEvents> Nodes, IReadOnlyList<string> Missing);
