namespace Gateway.Server.Api.Results;

/// <summary>Immutable. A channel's subscribers on one node.</summary>
internal sealed record NodeSubscribers(string Node, int Subscribers);
