namespace Gateway.Server.Cluster;

/// <summary>Immutable. What the nodes answered.</summary>
/// <param name="Answers">One of each node that answered in time.</param>
/// <param name="Missing">
/// Names of those that did not: what they have is not in the answers, and what they were told they may have done or not.
/// </param>
internal sealed record SurveyResult(IReadOnlyList<NodeAnswer> Answers, IReadOnlyList<string> Missing);
