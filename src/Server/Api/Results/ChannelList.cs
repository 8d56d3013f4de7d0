using Gateway.Server.Cluster;

namespace Gateway.Server.Api.Results;

/// <summary>Immutable. Channels with subscribers, in the order of the bytes of their names.</summary>
/// <param name="Channels">A page of them.</param>
/// <param name="More">Whether there are more: ask again with <c>after</c>, the last one's name.</param>
/// <param name="Missing">Nodes that did not answer in time; their subscribers are not counted.</param>
internal sealed record ChannelList(IReadOnlyList<ChannelCount> Channels, bool More, IReadOnlyList<string> Missing);
