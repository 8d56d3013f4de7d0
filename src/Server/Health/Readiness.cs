namespace Gateway.Server.Health;

/// <summary>Whether a load balancer should send new clients to this node. Safe for any thread.</summary>
/// <param name="sources">The parts of the node that it depends on; the first problem is the one that is named.</param>
internal sealed class Readiness(IEnumerable<IHealthSource> sources)
{
    private const string Draining = "draining";

    private readonly IHealthSource[] _sources = [.. sources];
    private volatile bool _draining;

    /// <summary>Whether the node is about to stop. Once true, it stays true.</summary>
    public bool IsDraining => _draining;

    /// <summary>Why the node is not ready, for the operator: addresses may stand in it. Null when it is ready.</summary>
    public string? Problem => _draining ? Draining : First(static health => health.Problem);

    /// <summary><see cref="Problem"/> in words for anybody, which name nothing behind the gateway.</summary>
    public string? PublicProblem => _draining ? Draining : First(static health => health.PublicProblem);

    /// <summary>What does not work although the node is ready, for the operator. Null for nothing.</summary>
    public string? Degradation
    {
        get
        {
            string[] all = [.. All(static health => health.Degradation)];
            return all.Length == 0 ? null : string.Join("; ", all);
        }
    }

    /// <summary><see cref="Degradation"/> in words for anybody.</summary>
    public string? PublicDegradation => First(static health => health.PublicDegradation);

    public void StartDraining() => _draining = true;

    private string? First(Func<HealthReport, string?> part) => All(part).FirstOrDefault();

    private IEnumerable<string> All(Func<HealthReport, string?> part) => _sources.Select(source => part(source.Health)).OfType<string>();
}
