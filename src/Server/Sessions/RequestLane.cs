using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <summary>
/// One channel's requests that are under way or wait for their turn. Guarded by the lock of the <see cref="PendingRequests"/> it belongs
/// to.
/// </summary>
internal sealed class RequestLane(ChannelName channel)
{
    public ChannelName Channel => channel;

    /// <summary>Whether a request is under way, or a publish that had waited is being begun.</summary>
    public bool IsBusy { get; set; }

    /// <summary>Publishes that were begun and are not answered.</summary>
    public int Publishes { get; set; }

    public Queue<RequestTurn> Waiting { get; } = new(0);
}

/// <summary>A request that waits for its turn. Immutable.</summary>
/// <param name="Run">Begins the request, on any thread; completes when the request has ended, and does not fail.</param>
/// <param name="Cost">The request's cost, paid back when it has ended.</param>
/// <param name="IsPublish">Whether it is a publish, which need not wait for others.</param>
internal readonly record struct RequestTurn(Func<Task> Run, int Cost, bool IsPublish);
