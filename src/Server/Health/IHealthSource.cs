namespace Gateway.Server.Health;

/// <summary>A part of the node that <see cref="Readiness"/> depends on, such as the backplane. Safe for any thread.</summary>
internal interface IHealthSource
{
    HealthReport Health { get; }
}

/// <summary>What one part of the node says of itself. Immutable.</summary>
/// <param name="Problem">Why the node cannot serve clients, for the operator: addresses may stand in it. Null when it can.</param>
/// <param name="PublicProblem">The same in words for anybody, which name nothing behind the gateway.</param>
/// <param name="Degradation">What does not work although the node can serve clients, for the operator. Null for nothing.</param>
/// <param name="PublicDegradation">The same in words for anybody.</param>
internal readonly record struct HealthReport(
    string? Problem = null, string? PublicProblem = null, string? Degradation = null, string? PublicDegradation = null);
