namespace Gateway.Server.Backplane;

/// <summary>
/// Knows which channels have subscribers, and which users connections, on any node, and has every change told by one node (<see
/// cref="IOccupancySink"/>). Not registered where no change is to be told. Safe for any thread.
/// </summary>
/// <remarks>Called under the locks of those who count: nothing happens before a method returns but taking note.</remarks>
internal interface IOccupancy
{
    /// <summary>Whether changes of this kind are told.</summary>
    bool Tracks(OccupancyKind kind);

    /// <summary>This node has the name from now on. Not called again before <see cref="Leave"/>.</summary>
    void Enter(OccupancyKind kind, string name);

    /// <summary>This node has the name no more.</summary>
    void Leave(OccupancyKind kind, string name);

    /// <summary>
    /// Before the node stops: it has nothing any more. Completes when all changes that come of it are with the sink, or after half a
    /// second.
    /// </summary>
    ValueTask LeaveAllAsync();
}
