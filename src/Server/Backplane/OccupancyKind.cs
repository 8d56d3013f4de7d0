namespace Gateway.Server.Backplane;

/// <summary>What can be occupied.</summary>
internal enum OccupancyKind
{
    /// <summary>By its subscribers.</summary>
    Channel,

    /// <summary>By the user's connections.</summary>
    User,
}
