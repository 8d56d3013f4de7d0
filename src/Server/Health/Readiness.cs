using Gateway.Server.Auth;
using Gateway.Server.Backplane;

namespace Gateway.Server.Health;

/// <summary>Safe for any thread. Whether a load balancer should send new clients here.</summary>
internal sealed class Readiness(IBackplane backplane, INodeBus bus, IAuthenticator authenticator)
{
    private const string Draining = "draining";

    private volatile bool _draining;

    /// <summary>Once true, stays so: the node is on its way out.</summary>
    public bool IsDraining => _draining;

    /// <summary>Why not, for the operator: the backplane's addresses may stand in it. Null when ready.</summary>
    public string? Problem => _draining ? Draining : backplane.Problem ?? authenticator.Problem;

    /// <summary>What does not work although the node is ready, for the operator; null for nothing.</summary>
    public string? Degradation => (backplane.Degradation, bus.Problem) switch
    {
        ({ } channels, { } nodes) => $"{channels}; {nodes}",
        var (channels, nodes) => channels ?? nodes,
    };

    /// <summary><see cref="Problem"/> in words for anybody, who is not to learn what stands behind the gateway.</summary>
    public string? PublicProblem =>
        _draining ? Draining : backplane.Problem is not null ? "the backplane is out of reach" : authenticator.Problem;

    /// <summary><see cref="Degradation"/> in words for anybody.</summary>
    public string? PublicDegradation => Degradation is not null ? "part of the backplane is out of reach" : null;

    public void StartDraining() => _draining = true;
}
