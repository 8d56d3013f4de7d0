namespace Gateway.Server.Cluster;

/// <summary>The result of a question to every node. Immutable.</summary>
/// <param name="Answers">The answers of the nodes that answered in time.</param>
/// <param name="Missing">
/// Names of the other nodes. The answers do not hold what those nodes have, and they may have carried out the request or not.
/// </param>
internal sealed record SurveyResult(IReadOnlyList<NodeAnswer> Answers, IReadOnlyList<string> Missing);
