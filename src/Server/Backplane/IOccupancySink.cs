namespace Gateway.Server.Backplane;

/// <summary>
/// Delivers the changes of occupancy to the application. Called by any thread, for one name by one at a time. No method blocks or throws.
/// </summary>
internal interface IOccupancySink
{
    /// <summary>Whether the application wants changes of this kind. Otherwise nothing is counted.</summary>
    bool Wants(OccupancyKind kind);

    /// <summary>
    /// Takes a change that this node has to deliver, and no other node while this one lives. <see cref="OccupancyChange.Confirm"/> is
    /// called when that is done.
    /// </summary>
    void OnChange(OccupancyChange change);
}
