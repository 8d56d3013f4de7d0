namespace Gateway.Server.Backplane;

/// <summary>Tells the changes of occupancy. Called by any thread, for one name by one at a time. Nothing here blocks or throws.</summary>
internal interface IOccupancySink
{
    /// <summary>Whether changes of this kind are to be told: otherwise nothing is counted.</summary>
    bool Wants(OccupancyKind kind);

    /// <summary>
    /// A change that this node is to tell, and no other as long as this one lives. <see cref="OccupancyChange.Told"/> is called when that
    /// is done.
    /// </summary>
    void OnChange(OccupancyChange change);
}
