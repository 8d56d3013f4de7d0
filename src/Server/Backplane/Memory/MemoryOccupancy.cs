namespace Gateway.Server.Backplane.Memory;

/// <summary>The occupancy of a node that stands alone: what is first here is first anywhere. Safe for any thread.</summary>
internal sealed class MemoryOccupancy(IOccupancySink sink, TimeProvider time) : IOccupancy
{
    private long _version;

    public bool Tracks(OccupancyKind kind) => sink.Wants(kind);

    public void Enter(OccupancyKind kind, string name) => sink.OnChange(new OccupancyChange(kind, name, isOccupied: true, NextVersion()));

    public void Leave(OccupancyKind kind, string name) => sink.OnChange(new OccupancyChange(kind, name, isOccupied: false, NextVersion()));

    /// <summary>What the node had has been told.</summary>
    public ValueTask LeaveAllAsync() => default;

    /// <summary>The time in microseconds, so that the versions go on growing after a restart.</summary>
    private long NextVersion()
    {
        long now = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        long before, next;
        do
        {
            before = Volatile.Read(ref _version);
            next = Math.Max(before + 1, now);
        }
        while (Interlocked.CompareExchange(ref _version, next, before) != before);
        return next;
    }
}
