namespace Gateway.Server.Api.Results;

/// <summary>Immutable. What was done to connections.</summary>
/// <param name="Connections">For how many it was done.</param>
/// <param name="Failed">For how many it could not be done, such as those that have as many subscriptions as they may.</param>
/// <param name="Missing">Nodes that did not answer in time; whether it was done there is not known.</param>
internal sealed record ActionReply(int Connections, int Failed, IReadOnlyList<string> Missing);
