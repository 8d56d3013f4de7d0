using Gateway.Auth;
using Gateway.Backplane;

namespace Gateway.Hosting;

/// <summary>Safe for any thread. Whether a load balancer should send new clients here.</summary>
internal sealed class Readiness(IBackplane backplane, INodeBus bus, IAuthenticator authenticator)
{
    private volatile bool _draining;

    /// <summary>Once true, stays so: the node is on its way out.</summary>
    public bool IsDraining => _draining;

    /// <summary>Why not; null when ready.</summary>
    public string? Problem => _draining ? "draining" : backplane.Problem ?? authenticator.Problem;

    /// <summary>What does not work although the node is ready; null for nothing.</summary>
    public string? Degradation => (backplane.Degradation, bus.Problem) switch
    {
        ({ } channels, { } nodes) => $"{channels}; {nodes}",
        var (channels, nodes) => channels ?? nodes,
    };

    public void StartDraining() => _draining = true;
}
