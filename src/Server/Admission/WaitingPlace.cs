namespace Gateway.Server.Admission;

/// <summary>Completed by who decides. A connection that waits for the other nodes to say how many its user has; true lets it in.</summary>
internal sealed class WaitingPlace(CountedLease lease) : TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public CountedLease Lease => lease;
}
