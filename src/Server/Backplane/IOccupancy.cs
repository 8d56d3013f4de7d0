namespace Gateway.Server.Backplane;

/// <summary>
/// Knows which channels have subscribers and which users have connections on any node, and gives every change to one node to deliver (<see
/// cref="IOccupancySink"/>). Not registered where no application wants the changes. Safe for any thread.
/// </summary>
/// <remarks>The callers hold the locks under which they count, so a method only takes note before it returns.</remarks>
internal interface IOccupancy
{
    /// <summary>Whether changes of this kind are delivered.</summary>
    bool Tracks(OccupancyKind kind);

    /// <summary>This node has the name from now on. Not called again before <see cref="Leave"/>.</summary>
    void Enter(OccupancyKind kind, string name);

    /// <summary>This node does not have the name any more.</summary>
    void Leave(OccupancyKind kind, string name);

    /// <summary>
    /// Gives up all names before the node stops. Completes when the sink has all changes that come of it, or after half a second.
    /// </summary>
    ValueTask LeaveAllAsync();
}
